// The live dashboard: follows the store, the terminal's size and the keys. It awaits nothing; data comes from outside.
import { useApp, useInput, useWindowSize } from "ink";
import { useEffect, useSyncExternalStore } from "react";
import { actionFor } from "../model/keys.ts";
import type { Look } from "../model/paint.ts";
import type { TopEvent, TopState } from "../model/top-state.ts";
import { TopFrameView } from "./top-frame-view.tsx";

/** What the screen needs of a store. */
export interface TopFeed {
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
    const action = actionFor(input, key, feed.snapshot().typing);
    if (action !== null) feed.dispatch({ kind: "action", action });
  });
  useEffect(() => {
    if (state.running !== "yes") exit();
  }, [state.running, exit]);
  // The last row stays empty: a line that ends in the last row's last column makes some terminals scroll.
  return <TopFrameView state={state} size={{ columns, rows: rows - 1 }} look={look} />;
}
