// `fleet top` in a real terminal, over a real fleet. The tests check what it draws and how it takes keys and
// failures. It leaves the terminal as it found it.

import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { leaderOf, program, TestFleet } from "./local-fleet.ts";
import { TestTerminal } from "./terminal.ts";

const SIZE = { columns: 110, rows: 30 };
const ESCAPE = "\u001b";
const CTRL_C = "\u0003";
const NODES = ["n1", "n2", "n3"];

let fleet: TestFleet;
let terminal: TestTerminal;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "6");
});
afterAll(() => fleet.dispose());
afterEach(() => terminal.dispose());

/** The dashboard, once it shows that all is well. */
async function openTop(
  env: NodeJS.ProcessEnv = {},
  size = SIZE,
  args: readonly string[] = [],
): Promise<void> {
  const options = { cwd: fleet.home, env: { ...fleet.env, ...env }, ...size };
  terminal = TestTerminal.open(process.execPath, [program, "top", ...args], options);
  await terminal.shows("● healthy");
}

const rowOf = (name: string): string =>
  terminal.lines.find((line) => new RegExp(`^[› >] ${name} `).test(line)) ?? "";
const rowShows = (name: string, text: string) =>
  terminal.until(`${name} with ${text}`, () => rowOf(name).includes(text));

/** Three views at each of five sizes: placed as they should be, within the terminal, and saying the same of the fleet. */
async function fitsAtFiveSizes(verdict: string): Promise<void> {
  for (const [columns, rows] of [
    [60, 15],
    [80, 24],
    [110, 30],
    [160, 45],
    [250, 80],
  ] as const) {
    terminal.resize(columns, rows);
    for (const { key, shows } of [
      { key: "4", shows: "  clusters 6" },
      { key: "1", shows: "  nodes 3" },
      { key: "0", shows: " leaders" },
    ]) {
      terminal.type(key);
      await terminal.until(`${shows} of ${columns} x ${rows}, ${verdict}`, ({ lines }) => {
        const [first = ""] = lines;
        const isWithin = lines.every((line) => line.length <= columns);
        const isPlaced = first.startsWith("local") && lines.at(-1)?.startsWith("q quit") === true;
        return (
          isWithin && isPlaced && first.includes(verdict) && lines.some((line) => line.startsWith(shows))
        );
      });
    }
  }
}

describe("the picture", () => {
  test("holds the whole fleet: who leads, since when, nodes, shards, clusters", async () => {
    await openTop();
    await terminal.shows("● 6 as declared");
    const client = await fleet.client();
    // Everything of one frame, but not the leader's name.
    const frame = async () => {
      const leader = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
      const first = `^local · ● healthy · leader ${leader} · term \\d+ · up 3/3, quorum 2 · can lose 1 more · commit \\d+`;
      return {
        isHealthy: new RegExp(first).test(terminal.lines[0] ?? ""),
        hasStrip: terminal.text.includes(`${leader}━`),
        up: NODES.filter((node) => rowOf(node).includes("● up")),
        isLeading: NODES.every((node) => rowOf(node).includes("leader") === (node === leader)),
        hasShards: terminal.text.includes("● 2 alive"),
        hasEvents: /bind cluster c\d to shard s\d/.test(terminal.text),
        hasKeys: terminal.lines.at(-1)?.includes("q quit"),
      };
    };
    const whole = {
      isHealthy: true,
      hasStrip: true,
      up: NODES,
      isLeading: true,
      hasShards: true,
      hasEvents: true,
    };
    await expect.poll(frame).toEqual({ ...whole, hasKeys: true });
  });

  test.each([
    { env: { NO_COLOR: "1" }, isColored: false, why: "refused" },
    { env: { NO_COLOR: "" }, isColored: true, why: "an empty NO_COLOR is none (no-color.org)" },
  ])("colour in a terminal: $isColored, $why", async ({ env, isColored }) => {
    await openTop(env);
    const colors = new Set(terminal.cells.flat().map((cell) => cell.color));
    expect(colors.has(2)).toBe(isColored);
    expect([...colors].every((color) => color === null || color < 16)).toBe(true);
  });

  test("fits the terminal at five sizes, whatever is in front: also with a node paused, resumed, killed, started", async () => {
    await openTop();
    await fitsAtFiveSizes("● healthy");
    const client = await fleet.client();
    const leader = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
    const follower = present(
      NODES.find((name) => name !== leader),
      "two nodes follow",
    );
    for (const { change, verdict } of [
      { change: () => fleet.pause(follower), verdict: "▲ degraded" },
      { change: () => fleet.resume(follower), verdict: "● healthy" },
      { change: () => fleet.kill(follower), verdict: "▲ degraded" },
      { change: () => fleet.start(follower), verdict: "● healthy" },
    ]) {
      await change();
      await terminal.until(verdict, ({ lines }) => lines[0]?.includes(verdict) === true);
      await fitsAtFiveSizes(verdict);
    }
  });

  test("--ascii draws nothing else", async () => {
    const options = { cwd: fleet.home, env: fleet.env, ...SIZE };
    terminal = TestTerminal.open(process.execPath, [program, "top", "--ascii"], options);
    await terminal.shows("+ healthy");
    await terminal.shows("+ 6 as declared");
    expect(terminal.text).toMatch(/^[ -~\n]*$/);
  });
});

describe("one frame", () => {
  test("--once exits with 5 unless all is healthy", async () => {
    // A node that is slow to answer is down, so a busy machine may need a second look.
    const once = async () => {
      const { stdout, exit } = await fleet.run("top", "--once");
      return { isHealthy: stdout.includes("● healthy"), exit };
    };
    await expect.poll(once, { timeout: 60_000 }).toEqual({ isHealthy: true, exit: 0 });
    await fleet.kill("n1");
    try {
      const degraded = await fleet.run("top", "--once");
      expect(degraded.stdout).toContain("▲ degraded");
      expect(degraded.exit).toBe(5);
    } finally {
      await fleet.start("n1");
    }
  });
});

describe("keys", () => {
  test("choose views, order, filter, open, help and pause", async () => {
    await openTop();
    const presses = [
      { keys: "4", shows: "  clusters 6", why: "a view by its number" },
      { keys: "\t", shows: "  domains ", why: "the next view" },
      { keys: ":nod\r", shows: "  nodes 3", why: "a view by its name" },
      { keys: "s", shows: "NAME↑", why: "order by the first column" },
      { keys: "r", shows: "NAME↓", why: "the other way round" },
      { keys: "?", shows: "only clusters with drift", why: "help" },
      { keys: "?", shows: "  nodes 3", why: "and back" },
      { keys: "p", shows: "PAUSED", why: "the picture stands still" },
      { keys: "4", shows: "  clusters 6", why: "keys go on working" },
      { keys: "/", shows: "\n/", why: "a filter begins" },
      { keys: "cluster=c4", shows: "clusters 1 of 6", why: "one is left" },
      { keys: "\r", shows: 'filter "cluster=c4"', why: "and stays" },
      { keys: "\r", shows: "clusters › c4", why: "enter opens it" },
      { keys: ESCAPE, shows: "clusters 1 of 6", why: "esc goes back" },
      { keys: "y", shows: "copied: fleet cluster show c4", why: "the same as a command line" },
      { keys: ESCAPE, shows: "  clusters 6", why: "esc clears the filter" },
    ];
    for (const { keys, shows } of presses) {
      terminal.type(keys);
      await terminal.shows(shows);
    }
    terminal.type("p");
    await terminal.until("the picture moving again", ({ text }) => !text.includes("PAUSED"));
  });
});

test("an open node shows the end of its log", async () => {
  await openTop();
  terminal.type("1\r");
  await terminal.shows("nodes › n1");
  terminal.type("G");
  await terminal.shows("end of its log");
  await terminal.until("a line of it", ({ text }) => /\n {2}\d\d:\d\d:\d\dZ +\S/.test(text));
});

describe("failures", () => {
  test("a killed leader is shown as down, and the next one as leading", async () => {
    await openTop();
    const client = await fleet.client();
    const before = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
    await fleet.kill(before);
    await rowShows(before, "✗ down");
    await terminal.until("another leader", ({ lines }) =>
      new RegExp(`degraded · leader (?!${before})n\\d · term \\d+ · up 2/3, quorum 2 · can lose none`).test(
        lines[0] ?? "",
      ),
    );
    await terminal.shows(`${before} is down`);
    await terminal.until("why its reign ended", ({ text }) =>
      new RegExp(`${before} led term \\d+ for .*: its connection`).test(text),
    );
    const next = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
    await rowShows(next, "leader");
    await fleet.start(before);
    await rowShows(before, "● up");
    await terminal.shows("● healthy");
  });

  test("a node that hangs is shown as down, while keys and the other nodes go on", async () => {
    await openTop();
    const client = await fleet.client();
    const leader = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
    const follower = present(
      NODES.find((name) => name !== leader),
      "two nodes follow",
    );
    await fleet.pause(follower);
    await rowShows(follower, "✗ down");
    terminal.type("3");
    await terminal.shows("  shards 2");
    terminal.type("1");
    await terminal.shows("  nodes 3");
    const { index } = await client.submit({
      kind: { $case: "recordProbe", value: { drillId: "top", number: 1 } },
    });
    // Or what was committed since: a frame does not show every index.
    await terminal.until(`${leader} at ${index}`, () =>
      (rowOf(leader).match(/\d+/g) ?? []).some((number) => Number(number) >= index),
    );
    expect(rowOf(follower)).toMatch(/✗ down \d/);
    await fleet.resume(follower);
    await rowShows(follower, "● up");
  });

  test("when all nodes hang, keys work on, and what is shown says its age", async () => {
    await openTop();
    await terminal.shows("● 6 as declared");
    try {
      for (const node of NODES) await fleet.pause(node);
      await terminal.until(
        "no-quorum",
        ({ lines }) => lines[0]?.includes("✗ no-quorum · no leader") === true,
      );
      for (const node of NODES) await rowShows(node, "✗ down");
      terminal.type("4");
      await terminal.until("old clusters", ({ lines }) => /clusters 6 .*as of \d.* ago/.test(lines[2] ?? ""));
      terminal.type("0");
      await terminal.shows(" leaders");
    } finally {
      for (const node of NODES) await fleet.resume(node);
    }
    await terminal.shows("● healthy");
  });
});

describe("all nodes", () => {
  test("killed while it is open: keys work on, what is shown says its age, and it sees them return", async () => {
    await openTop();
    await terminal.shows("● 6 as declared");
    for (const node of NODES) await fleet.kill(node);
    await terminal.until("no-quorum", ({ lines }) => lines[0]?.includes("✗ no-quorum · no leader") === true);
    for (const node of NODES) await rowShows(node, "✗ down");
    terminal.type("4");
    await terminal.until("old clusters", ({ lines }) => /clusters 6 .*as of \d.* ago/.test(lines[2] ?? ""));
    terminal.type("?");
    await terminal.shows("only clusters with drift");
    terminal.type("?");
    for (const node of NODES) await fleet.start(node);
    await terminal.shows("● healthy");
    await terminal.until("fresh clusters", ({ lines }) => lines[2] === "  clusters 6");
  });
});

describe("addresses that answer nothing", () => {
  test("one that takes connections and never speaks TLS: the screen works, says so, and q ends it at once", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = silent.address() as AddressInfo;
      const certs = join(fleet.directory, "certs");
      const options = { cwd: fleet.home, env: fleet.env, ...SIZE };
      const args = ["top", "--endpoints", `127.0.0.1:${port}`, "--ca", join(certs, "ca.crt")];
      const own = ["--cert", join(certs, "admin.crt"), "--key", join(certs, "admin.key")];
      terminal = TestTerminal.open(process.execPath, [program, ...args, ...own], options);
      await terminal.shows("no-quorum");
      await terminal.shows("✗ down");
      terminal.type("4");
      await terminal.shows("  clusters 0");
      terminal.type("?");
      await terminal.shows("only clusters with drift");
      terminal.type("q");
      expect(await terminal.ended).toBe(0);
      expect(terminal.isAlternate).toBe(false);
    } finally {
      silent.close();
    }
  });

  test("a context that is not there: an error, and no dashboard", async () => {
    const options = { cwd: fleet.home, env: fleet.env, ...SIZE };
    terminal = TestTerminal.open(process.execPath, [program, "top", "--context", "gone"], options);
    await terminal.shows("gone");
    expect(await terminal.ended).toBe(3);
    expect(terminal.isAlternate).toBe(false);
    expect(terminal.text).not.toMatch(/ at .*\.js:\d/);
  });
});

describe("the terminal afterwards", () => {
  /** A shell with something on its screen, that starts the dashboard and continues after it. */
  async function openTopInShell(): Promise<void> {
    const env = { ...fleet.env, PS1: "$ ", TOP: `${process.execPath} ${program} top` };
    terminal = TestTerminal.open("sh", [], { cwd: fleet.home, env, ...SIZE });
    await terminal.shows("$");
    terminal.type('stty -a > before; echo "an earlier line"\r');
    await terminal.shows("\nan earlier line");
    terminal.type(`sh -c 'echo $$ > pid; exec $TOP'; echo "exit $?"; stty -a > after; echo "all"" done"\r`);
    await terminal.shows("● healthy");
    expect(terminal.isAlternate).toBe(true);
    expect(terminal.wheelMoves).toBe(true);
    expect(terminal.text).not.toContain("an earlier line");
  }
  const inHome = (file: string) => readFile(join(fleet.home, file), "utf8");
  const signal = async (name: NodeJS.Signals) => process.kill(Number(await inHome("pid")), name);

  test.each([
    { how: "q", end: () => terminal.type("q"), exit: 0 },
    { how: "Ctrl-C", end: () => terminal.type(CTRL_C), exit: 130 },
    { how: "SIGINT from elsewhere", end: () => signal("SIGINT"), exit: 130 },
    { how: "SIGTERM", end: () => signal("SIGTERM"), exit: 143 },
  ])("is as it was after $how, and the exit code is $exit", async ({ end, exit }) => {
    await openTopInShell();
    await end();
    await terminal.shows("\nall done");
    expect(terminal.isAlternate).toBe(false);
    expect(terminal.wheelMoves).toBe(false);
    expect(terminal.isCursorVisible).toBe(true);
    expect(terminal.text).toContain("\nan earlier line");
    expect(terminal.text).toContain(`\nexit ${exit}\n`);
    expect(terminal.text).not.toMatch(/ at .*\.js:\d/);
    expect(await inHome("after")).toBe(await inHome("before"));
  });

  test("closed by its window, it ends: no process goes on without a terminal", async () => {
    await openTopInShell();
    const pid = Number(await inHome("pid"));
    await terminal.dispose();
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
