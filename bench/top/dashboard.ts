// The dashboard on a terminal that takes the bytes and shows them to no one.

import { paintFor } from "../../src/ui/cli/color.ts";
import { momentIn } from "../../src/ui/cli/moment.ts";
import type { Look } from "../../src/ui/model/paint.ts";
import { UNICODE } from "../../src/ui/model/symbols.ts";
import { StubStdin, StubStdout } from "../../test/ui/stub-terminal.ts";

export const SIZE = { columns: 160, rows: 50 };
export const look: Look = { paint: paintFor(true), symbols: UNICODE, moment: momentIn(true) };

export async function openDashboard() {
  // As bin/run.js does: React for development keeps every frame's notes.
  const { NODE_ENV: given = "production" } = process.env;
  process.env["NODE_ENV"] = given;
  // Node reads no JSX: the dashboard is the built program's.
  const [{ runDashboard }, { TopStore: Store }] = await Promise.all([
    built<typeof import("../../src/ui/top-dashboard.tsx")>("top-dashboard.js"),
    built<typeof import("../../src/ui/top-store.ts")>("top-store.js"),
  ]);
  const stdout = new StubStdout(SIZE.columns, SIZE.rows);
  const stdin = new StubStdin();
  const store = new Store(0);
  const streams = {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
  };
  const ended = runDashboard(
    store,
    { drive: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())) },
    streams,
    look,
  );
  const close = async () => {
    stdin.write("q");
    await ended;
  };
  return { stdout, store, close };
}

function built<Module>(file: string): Promise<Module> {
  return import(new URL(`../../dist/ui/${file}`, import.meta.url).href);
}
