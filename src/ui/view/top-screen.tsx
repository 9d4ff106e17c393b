// The live dashboard: follows the store, the terminal's size and the keys. It waits for nothing; data come
// from outside.
import { useApp, useInput, useWindowSize } from "ink";
import { useEffect, useSyncExternalStore } from "react";
import type { Look } from "../model/paint.ts";
import { actionHere } from "../model/top/change-keys.ts";
import { type Action, pressesOf } from "../model/top/keys.ts";
import type { TopEvent, TopState } from "../model/top/state.ts";
import { TopFrameView } from "./top-frame-view.tsx";

/** The part of a store that the screen needs. */
interface TopFeed {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => TopState;
  readonly dispatch: (event: TopEvent) => void;
}

interface TopScreenProps {
  readonly feed: TopFeed;
  readonly look: Look;
  /** Told of every action after the state took it: some do something outside. */
  readonly onAction?: (action: Action) => void;
}

export function TopScreen({ feed, look, onAction }: TopScreenProps) {
  const state = useSyncExternalStore(feed.subscribe, feed.snapshot);
  const { columns, rows } = useWindowSize();
  const { exit } = useApp();
  useInput((input, key) => {
    for (const press of pressesOf(input, key)) {
      const state = feed.snapshot();
      const action = state.running === "yes" ? actionHere(press, state) : null;
      if (action === null) continue;
      feed.dispatch({ kind: "action", action });
      onAction?.(action);
    }
  });
  useEffect(() => {
    if (state.running !== "yes") exit();
  }, [state.running, exit]);
  // The last row is left for the cursor. So a frame has the same place wherever the cursor was before:
  // entering the alternate screen does not move it.
  return <TopFrameView state={state} size={{ columns, rows: rows - 1 }} look={look} fills />;
}
