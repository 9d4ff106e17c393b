// The keys of the live dashboard, as ink reads them. It shows nothing.
import { useApp, useInput } from "ink";
import { useEffect } from "react";
import { actionHere } from "../model/top/change-keys.ts";
import { type Action, pressesOf } from "../model/top/keys.ts";
import type { TopEvent, TopState } from "../model/top/state.ts";

/** The part of a store that keys need. */
interface TopFeed {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => TopState;
  readonly dispatch: (event: TopEvent) => void;
}

interface TopKeysProps {
  readonly feed: TopFeed;
  /** Gets every action after the state took it: some do something outside. */
  readonly onAction?: (action: Action) => void;
}

export function TopKeys({ feed, onAction }: TopKeysProps) {
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
  useEffect(
    () =>
      feed.subscribe(() => {
        if (feed.snapshot().running !== "yes") exit();
      }),
    [feed, exit],
  );
  return null;
}
