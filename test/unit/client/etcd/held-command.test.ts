// A command under a lock: its exit code, and how it is ended with everything that it started.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { runHeld } from "../../../../src/client/etcd/held-command.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { systemWaitClock } from "../../../../src/core/base/wait-clock.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { failureOf } from "../local/fakes.ts";

const GRACE_MS = 60_000;
const never = new AbortController().signal;
const run = (script: string, ending = never, graceMs = GRACE_MS, facts = {}) =>
  runHeld(["/bin/sh", "-c", script], facts, ending, graceMs, systemWaitClock);

test.each([
  { script: "exit 7", exit: 7, why: "its own code" },
  { script: "kill -KILL $$", exit: 137, why: "128 and the signal's number" },
  { script: '[ "$TOKEN" = 12 ]', exit: 0, why: "it has the facts in its environment" },
])("$script ends with $exit: $why", async ({ script, exit }) => {
  expect(await run(script, never, GRACE_MS, { TOKEN: "12" })).toEqual({ exit, wasEnded: false });
});

test("it is told to end, and what it answers is its exit code", async () => {
  const folder = await temporaryFolder();
  const ready = join(folder, "ready");
  const ending = new AbortController();
  const ended = run(`trap 'exit 3' TERM; echo > ${ready}; while :; do sleep 0.05; done`, ending.signal);
  await vi.waitFor(() => readFile(ready), 30_000);
  ending.abort();
  expect(await ended).toEqual({ exit: 3, wasEnded: true });
});

test("it ends with what it started, also when both ignore SIGTERM", async () => {
  const folder = await temporaryFolder();
  const child = join(folder, "child");
  const ending = new AbortController();
  const script = `trap '' TERM; (while :; do sleep 0.05; done) & echo $! > ${child}; wait; while :; do sleep 0.05; done`;
  const ended = run(script, ending.signal, 1);
  const pid = await vi.waitFor(async () => {
    const text = await readFile(child, "utf8");
    expect(text).toMatch(/^\d+\n$/);
    return Number(text);
  }, 30_000);
  ending.abort();
  expect(await ended).toEqual({ exit: 137, wasEnded: true });
  // The kernel removes it once it has ended, and its parent has.
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), 30_000);
});

test("a program that is not there is an error with a next step", async () => {
  const running = runHeld(["/nonexistent/program"], {}, never, GRACE_MS, systemWaitClock);
  expect(await failureOf(running)).toMatchObject({ code: "COMMAND_UNUSABLE", exit: Exit.UnknownCommand });
});
