// The live dashboard: follows the store, the terminal's size and the keys. It waits for nothing; data come
// from outside.
import { useApp, useInput, useWindowSize } from "ink";
import { useEffect, useSyncExternalStore } from "react";
import { actionFor, pressesOf } from "../model/keys.ts";
import type { Look } from "../model/paint.ts";
import type { TopEvent, TopState } from "../model/top-state.ts";
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
}

export function TopScreen({ feed, look }: TopScreenProps) {
  const state = useSyncExternalStore(feed.subscribe, feed.snapshot);
  const { columns, rows } = useWindowSize();
  const { exit } = useApp();
  useInput((input, key) => {
    for (const press of pressesOf(input, key)) {
      const { typing, running } = feed.snapshot();
      const action = running === "yes" ? actionFor(press.input, press.key, typing) : null;
      if (action !== null) feed.dispatch({ kind: "action", action });
    }
  });
  useEffect(() => {
    if (state.running !== "yes") exit();
  }, [state.running, exit]);
  // The last row is left for the cursor. So a frame has the same place wherever the cursor was before:
  // entering the alternate screen does not move it.
  return <TopFrameView state={state} size={{ columns, rows: rows - 1 }} look={look} fills />;
}
