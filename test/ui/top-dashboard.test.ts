// The dashboard on a terminal with rows: it never draws more than fits, follows a resize, stays responsive while a
// source hangs, and puts the terminal back.

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { paintFor } from "../../src/ui/cli/color.ts";
import { momentIn } from "../../src/ui/cli/moment.ts";
import { UNICODE } from "../../src/ui/model/symbols.ts";
import { runDashboard } from "../../src/ui/top-dashboard.tsx";
import { type Feed, pause, poll } from "../../src/ui/top-poller.ts";
import { TopStore } from "../../src/ui/top-store.ts";
import {
  clustersReply,
  clusterView,
  downNode,
  fleetReply,
  listed,
  upNode,
} from "../unit/ui/model/fixtures.ts";
import { StubStdin, StubStdout } from "./stub-terminal.ts";

const look = { paint: paintFor(false), symbols: UNICODE, moment: momentIn(true) };
// Bounds a failure only; nothing waits this long when all is well.
const PATIENCE = { timeout: 120_000 };
const ENTER_ALTERNATE = "\u001b[?1049h";
const LEAVE_ALTERNATE = "\u001b[?1049l";
const WHEEL_MOVES = "\u001b[?1007h";
const WHEEL_AS_BEFORE = "\u001b[?1007l";
const SHOW_CURSOR = "\u001b[?25h";

const answering: Feed = async (dispatch, signal) => {
  while (!signal.aborted) {
    dispatch({ kind: "fleet", atMs: performance.now(), reply: fleetReply([upNode(1), downNode(2)]) });
    await pause(20, signal);
  }
};
const many: Feed = async (dispatch) => {
  const clusters = Array.from({ length: 200 }, (_, at) => clusterView(`cluster-${at}`));
  dispatch(listed("clusters", clustersReply(...clusters)));
};
const hanging: Feed = () => new Promise(() => undefined);

function open(feeds: readonly Feed[], columns = 80, rows = 24) {
  const stdout = new StubStdout(columns, rows);
  const stdin = new StubStdin();
  const streams = { stdin: asStream<NodeJS.ReadStream>(stdin), stdout: asStream<NodeJS.WriteStream>(stdout) };
  const store = new TopStore(performance.now(), Date.now());
  const drive = (signal: AbortSignal) => poll(() => feeds, store.dispatch, signal);
  const ended = runDashboard(store, { drive }, streams, look);
  const press = (keys: string) => stdin.write(keys);
  onTestFinished(async () => {
    press("q");
    await ended.catch(() => undefined);
  });
  return {
    stdout,
    stdin,
    ended,
    press,
    shows: (text: string) => vi.waitFor(() => expect(stdout.written).toContain(text), PATIENCE),
  };
}

describe("a terminal", () => {
  test("is put back after quitting: main screen, cursor, cooked mode", async () => {
    const { stdout, stdin, ended, press, shows } = open([answering]);
    await shows("✗ down");
    press("q");
    expect(await ended).toBe("quit");
    expect(stdout.written.indexOf(ENTER_ALTERNATE)).toBeLessThan(stdout.written.indexOf("local"));
    expect(stdout.written.indexOf(WHEEL_MOVES)).toBeGreaterThanOrEqual(0);
    expect(stdout.written.lastIndexOf(WHEEL_AS_BEFORE)).toBeGreaterThan(stdout.written.lastIndexOf("down"));
    expect(stdout.written.lastIndexOf(LEAVE_ALTERNATE)).toBeGreaterThan(stdout.written.lastIndexOf("down"));
    expect(stdout.written).toContain(SHOW_CURSOR);
    expect(stdin.rawModes.at(-1)).toBe(false);
  });

  test("Ctrl-C is told from q", async () => {
    const { ended, press, shows } = open([answering]);
    await shows("local");
    press("\u0003");
    expect(await ended).toBe("interrupted");
  });

  test("is put back when a feed breaks its promise not to reject", async () => {
    const broken: Feed = async () => Promise.reject(new TypeError("a bug"));
    const { stdout, ended } = open([broken]);
    await expect(ended).rejects.toThrow("a bug");
    expect(stdout.written).toContain(LEAVE_ALTERNATE);
  });
});

test("a feed that hangs delays neither the others nor the keys", async () => {
  const { press, shows } = open([hanging, answering]);
  await shows("✗ down");
  press("3");
  await shows("shards 0");
});

test("y copies the command line by OSC 52, and shows it", async () => {
  const { press, shows } = open([answering, many]);
  press("4");
  await shows("cluster-0");
  press("y");
  const command = "fleet cluster list --prefix cluster-0";
  await shows(`\u001b]52;c;${Buffer.from(command).toString("base64")}\u0007`);
  await shows(`copied: ${command}`);
});

test("fills the screen, so that it stands in the same place wherever the cursor was", async () => {
  const { stdout, shows } = open([answering]);
  await shows("q quit");
  expect(stdout.written.split("\n")).toHaveLength(24);
});

test("never more rows than the terminal has, before and after a resize", async () => {
  const { stdout, press, shows } = open([answering, many], 80, 24);
  press("4");
  await shows("clusters 200");
  // Ink clears and redraws the whole screen when a frame overflows; no such clear may ever be written.
  const before = stdout.written;
  expect(before).not.toContain("\u001b[2J");
  stdout.written = "";
  stdout.resize(60, 12);
  await shows("clusters 200");
  expect(stdout.written).not.toContain("\u001b[3J");
});

// Ink asks for Node's own stream types, of which it uses what the stubs have.
function asStream<Stream>(stub: unknown): Stream {
  return stub as Stream;
}
