// The dashboard on a terminal with a screen: what an operator sees of a state, and the keys.

import { expect, onTestFinished, vi } from "vitest";
import { paintFor } from "../../src/ui/cli/color.ts";
import { momentIn } from "../../src/ui/cli/moment.ts";
import { UNICODE } from "../../src/ui/model/symbols.ts";
import { type Driver, runDashboard } from "../../src/ui/top-dashboard.tsx";
import type { TopStore } from "../../src/ui/top-store.ts";
import { ScreenStdout, StubStdin } from "./stub-terminal.ts";

export const look = { paint: paintFor(false), symbols: UNICODE, moment: momentIn(true) };
// Bounds a failure only; nothing waits this long when all is well.
export const PATIENCE = { timeout: 120_000 };

/** Nothing tells it anything. */
const silent: Driver = {
  drive: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
};

export function openDashboard(
  store: TopStore,
  driver: Driver = silent,
  size: { readonly columns: number; readonly rows: number } = { columns: 100, rows: 30 },
) {
  const stdout = new ScreenStdout(size.columns, size.rows);
  const stdin = new StubStdin();
  const streams = { stdin: asStream<NodeJS.ReadStream>(stdin), stdout: asStream<NodeJS.WriteStream>(stdout) };
  const ended = runDashboard(store, driver, streams, look);
  const press = (keys: string) => stdin.write(keys);
  onTestFinished(async () => {
    store.dispatch({ kind: "action", action: { kind: "quit" } });
    await ended.catch(() => undefined);
  });
  return {
    stdout,
    stdin,
    ended,
    press,
    shows: (text: string) => vi.waitFor(() => expect(stdout.lines.join("\n")).toContain(text), PATIENCE),
  };
}

// Ink asks for Node's own stream types, of which it uses what the stubs have.
function asStream<Stream>(stub: unknown): Stream {
  return stub as Stream;
}
