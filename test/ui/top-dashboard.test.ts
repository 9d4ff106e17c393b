// The dashboard on a terminal with rows. It never draws more than fits, follows a resize, stays responsive while a
// source hangs, and puts the terminal back.

import { stripVTControlCharacters } from "node:util";
import { describe, expect, test, vi } from "vitest";
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
import { openDashboard, PATIENCE } from "./open-dashboard.ts";

const ENTER_ALTERNATE = "\u001b[?1049h";
const LEAVE_ALTERNATE = "\u001b[?1049l";
const WHEEL_MOVES = "\u001b[?1007h";
const WHEEL_AS_BEFORE = "\u001b[?1007l";
const SHOW_CURSOR = "\u001b[?25h";
const TOGETHER = "\u001b[?2026h";
/** The next change is drawn at once, not by a timer. */
const FRAME_IS_OLD_MS = 200;

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
  const store = new TopStore(performance.now(), Date.now());
  const drive = (signal: AbortSignal) => poll(() => feeds, store.dispatch, signal);
  return { store, ...openDashboard(store, { drive }, { columns, rows }) };
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

  test("gets nothing of a frame once it shows the main screen again", async () => {
    const store = new TopStore(0);
    const { stdout, ended, press, shows } = openDashboard(store);
    store.dispatch({ kind: "notice", text: "the last frame" });
    await shows("the last frame");
    await pause(FRAME_IS_OLD_MS, new AbortController().signal);
    // It is kept until the next tick or key, and so would be shown by q.
    store.dispatch({ kind: "fleet", atMs: 0, reply: fleetReply([upNode(1), downNode(2)]) });
    press("q");
    expect(await ended).toBe("quit");
    const after = stdout.written.slice(stdout.written.indexOf(LEAVE_ALTERNATE));
    expect(stripVTControlCharacters(after).trim()).toBe("");
    expect(after).not.toContain(TOGETHER);
  });

  test.each([
    { how: "Ctrl-L", redraw: (press: (keys: string) => void) => press("\u000c") },
    { how: "SIGCONT", redraw: () => void process.emit("SIGCONT", "SIGCONT") },
  ])("is drawn again by $how, though no row changed", async ({ redraw }) => {
    const store = new TopStore(0);
    const { stdout, press, shows } = openDashboard(store);
    await shows("q quit");
    const before = stdout.lines;
    stdout.write("\u001b[3;1Hthe machine goes down in a minute");
    await shows("the machine goes down");
    redraw(press);
    await vi.waitFor(() => expect(stdout.lines).toEqual(before), PATIENCE);
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
  const { stdout, press, shows } = open([answering, many]);
  press("4");
  await shows("cluster-0");
  press("y");
  const command = "fleet cluster show cluster-0";
  const copied = `\u001b]52;c;${Buffer.from(command).toString("base64")}\u0007`;
  await vi.waitFor(() => expect(stdout.written).toContain(copied), PATIENCE);
  await shows(`copied: ${command}`);
});

test("fills the screen to its last row, and follows a resize", async () => {
  const { stdout, press, shows } = open([answering, many]);
  await shows("q quit");
  expect(stdout.lines).toHaveLength(24);
  expect(stdout.lines.at(-1)).toContain("q quit");
  press("4");
  await shows("clusters 200");
  for (const [columns, rows] of [
    [60, 12],
    [200, 50],
    [60, 15],
  ] as const) {
    stdout.resize(columns, rows);
    await vi.waitFor(() => expect(stdout.lines.at(-1)).toContain("q quit"), PATIENCE);
    expect(stdout.lines.slice(2, -1).join("\n")).not.toContain("q quit");
    expect(stdout.lines[2]).toContain("clusters 200");
    expect(stdout.lines.at(-2)).toMatch(/cluster-\d+/);
  }
});

test("only rows that changed are written again, and none when nothing did", async () => {
  const { stdout, store, press, shows } = open([answering, many]);
  press("4");
  await shows("› cluster-0");
  press("p");
  await shows("PAUSED");
  stdout.written = "";
  press("j");
  await shows("› cluster-1");
  expect(stdout.written.match(/cluster-\d+/g)).toEqual(["cluster-0", "cluster-1"]);
  stdout.written = "";
  store.replace((state) => ({ ...state }));
  await pause(200, new AbortController().signal);
  expect(stdout.written).toBe("");
});

test("many keys at once cost few frames, and the last state is the one that is shown", async () => {
  const { stdout, press, shows } = open([many]);
  press("4");
  await shows("› cluster-0");
  stdout.written = "";
  press("j".repeat(150));
  await shows("› cluster-150");
  expect(stdout.written.split("\u001b[H").length).toBeLessThan(10);
});

test("a frame that throws ends the dashboard, and puts the terminal back", async () => {
  const { stdout, store, ended, shows } = open([answering]);
  await shows("✗ down");
  const view = "no such view" as ReturnType<typeof store.snapshot>["view"];
  store.replace((state) => ({ ...state, view }));
  await expect(ended).rejects.toThrow();
  expect(stdout.written).toContain(LEAVE_ALTERNATE);
});
