// Runs the live dashboard on a terminal until the operator quits, and leaves the terminal as it was. Ink reads the keys, and puts the
// screen back when it unmounts, on a signal and on a crash too. It draws nothing: top-painter.ts does.
import { render } from "ink";
import { copyToClipboard, moveByWheel } from "./cli/terminal.ts";
import type { Look } from "./model/paint.ts";
import { commandHere } from "./model/top/actions.ts";
import type { Action } from "./model/top/keys.ts";
import { TopPainter } from "./top-painter.ts";
import type { TopStore } from "./top-store.ts";
import { TopKeys } from "./view/top-keys.tsx";

const SIGNALS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

export interface DashboardStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/** What tells the dashboard, and what else follows keys. */
export interface Driver {
  /** Runs until the signal aborts. Rejects for a bug only. */
  readonly drive: (signal: AbortSignal) => Promise<void>;
  /** Gets every action after the state took it. */
  readonly act?: (action: Action) => void;
}

/** Resolves with how the operator ended it. */
export async function runDashboard(
  store: TopStore,
  driver: Driver,
  { stdin, stdout }: DashboardStreams,
  look: Look,
): Promise<"quit" | "interrupted"> {
  const stop = new AbortController();
  const painter = new TopPainter(store, stdout, look);
  const onAction = (action: Action): void => {
    if (action.kind === "copy") copy(commandHere(store.snapshot()), store, stdout);
    if (action.kind === "redraw") painter.redraw();
    driver.act?.(action);
  };
  const putBack = () => moveByWheel(stdout, false);
  // Ink puts the rest back on a signal, and ends the process if nothing else listens: this is gone before it looks.
  for (const signal of SIGNALS) process.prependOnceListener(signal, putBack);
  process.once("exit", putBack);
  moveByWheel(stdout, true);
  const screen = render(<TopKeys feed={store} onAction={onAction} />, {
    stdin,
    stdout,
    alternateScreen: true,
    patchConsole: false,
    // Ink would turn itself off under CI, and Ctrl-C is a key of ours that sets the exit code.
    interactive: true,
    exitOnCtrlC: false,
  });
  painter.start();
  const driving = driver.drive(stop.signal);
  try {
    await Promise.race([screen.waitUntilExit(), driving, painter.broken]);
  } finally {
    stop.abort();
    painter.stop();
    screen.unmount();
    await screen.waitUntilExit();
    for (const signal of SIGNALS) process.off(signal, putBack);
    process.off("exit", putBack);
    putBack();
  }
  return store.snapshot().running === "interrupted" ? "interrupted" : "quit";
}

function copy(command: string, store: TopStore, stdout: NodeJS.WriteStream): void {
  copyToClipboard(stdout, command);
  store.dispatch({ kind: "notice", text: `copied: ${command}` });
}
