// Frames of the dashboard as text at several sizes, and keys through ink's own input parsing.

import { describe, expect, test } from "vitest";
import { paintFor } from "../../src/ui/cli/color.ts";
import { frameRows } from "../../src/ui/model/top/frame-rows.ts";
import { TopStore } from "../../src/ui/top-store.ts";
import { feedBusyFleet } from "./busy-fleet.ts";
import { look, openDashboard } from "./open-dashboard.ts";

const ESCAPE = "\u001b";

describe("frames", () => {
  test.each([
    { columns: 80, rows: 24 },
    { columns: 40, rows: 12 },
    { columns: 120, rows: 30 },
    { columns: 60, rows: 15 },
    { columns: 250, rows: 80 },
  ])("$columns x $rows", ({ columns, rows }) => {
    const store = new TopStore(0);
    feedBusyFleet(store);
    const lines = frameRows(store.snapshot(), { columns, rows }, look, false);
    expect(`\n${lines.join("\n")}\n`).toMatchSnapshot();
  });

  test("a symbol beside every colour: what colours say is there without them", () => {
    const store = new TopStore(0);
    feedBusyFleet(store);
    const draw = (colored: boolean) =>
      frameRows(
        store.snapshot(),
        { columns: 80, rows: 24 },
        { ...look, paint: paintFor(colored) },
        false,
      ).join("\n");
    expect(draw(true)).toContain(`${ESCAPE}[31m✗ down`);
    expect(draw(false)).toContain("✗ down");
    expect(draw(false)).not.toContain(ESCAPE);
  });
});

describe("keys", () => {
  function open() {
    const store = new TopStore(0);
    feedBusyFleet(store);
    return { store, ...openDashboard(store) };
  }

  test.each([
    { keys: "3", shows: "shards 2", why: "a view by its number" },
    { keys: "\t", shows: "nodes 3", why: "tab goes on" },
    { keys: `${ESCAPE}[Z`, shows: "drills 0", why: "shift-tab goes back" },
    { keys: "?", shows: "only clusters with drift", why: "help" },
    { keys: "p", shows: "PAUSED", why: "pause" },
    { keys: "d", shows: 'filter "drift!=none', why: "drift" },
    { keys: "1s", shows: "NAME↑", why: "order" },
    { keys: `1${ESCAPE}[B`, shows: "› n2", why: "down" },
  ])("$keys: $why", async ({ keys, shows: text }) => {
    const { press, shows } = open();
    for (const key of keys.startsWith("1") ? [keys[0] ?? "", keys.slice(1)] : [keys]) press(key);
    await shows(text);
  });

  test("typing a filter shows it, finds rows, and letters are no commands", async () => {
    const { store, press, shows } = open();
    press("4");
    press("/");
    for (const letter of "cluster-19") press(letter);
    await shows("/cluster-19");
    await shows("clusters 1 of 20");
    press("\r");
    await shows('filter "cluster-19"');
    expect(store.snapshot().running).toBe("yes");
  });

  test("a view by its name, a row opened and left again", async () => {
    const { press, shows } = open();
    press(":clu\r");
    await shows("clusters 20");
    press("\r");
    await shows("clusters › cluster-07");
    press(ESCAPE);
    await shows("clusters 20");
  });
});
