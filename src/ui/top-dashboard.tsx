// Runs the live dashboard on a terminal until the operator quits, and leaves the terminal as it was: ink puts the
// screen back when it unmounts, on a signal and on a crash too.
import { render, renderToString } from "ink";
import type { Look } from "./model/paint.ts";
import type { FrameSize } from "./model/top-frame.ts";
import type { TopState } from "./model/top-state.ts";
import { type Feed, poll, type Source } from "./top-poller.ts";
import { TopStore } from "./top-store.ts";
import { TopFrameView } from "./view/top-frame-view.tsx";
import { TopScreen } from "./view/top-screen.tsx";

const FRAMES_PER_SECOND_MAX = 15;

export interface DashboardStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/** Resolves with how the operator ended it. */
export async function runDashboard(
  sources: () => readonly (Source | Feed)[],
  { stdin, stdout }: DashboardStreams,
  look: Look,
): Promise<"quit" | "interrupted"> {
  const store = new TopStore(performance.now());
  const stop = new AbortController();
  const screen = render(<TopScreen feed={store} look={look} />, {
    stdin,
    stdout,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: FRAMES_PER_SECOND_MAX,
    patchConsole: false,
    // Ink would turn itself off under CI, and Ctrl-C is a key of ours that sets the exit code.
    interactive: true,
    exitOnCtrlC: false,
  });
  const polling = poll(sources, store.dispatch, stop.signal);
  try {
    await Promise.race([screen.waitUntilExit(), polling]);
  } finally {
    stop.abort();
    screen.unmount();
    await screen.waitUntilExit();
  }
  return store.snapshot().running === "interrupted" ? "interrupted" : "quit";
}

/** One frame as text. */
export function frameText(state: TopState, size: FrameSize, look: Look): string {
  const view = <TopFrameView state={state} size={size} look={look} fills={false} />;
  return renderToString(view, { columns: size.columns });
}
