// The dashboard on React: frames as text at several sizes, and keys through ink's own input parsing.

import { renderToString } from "ink";
import { cleanup, render } from "ink-testing-library";
import { afterEach, describe, expect, test, vi } from "vitest";
import { paintFor } from "../../src/ui/cli/color.ts";
import { momentIn } from "../../src/ui/cli/moment.ts";
import { UNICODE } from "../../src/ui/model/symbols.ts";
import { TopStore } from "../../src/ui/top-store.ts";
import { TopFrameView } from "../../src/ui/view/top-frame-view.tsx";
import { TopScreen } from "../../src/ui/view/top-screen.tsx";
import { feedBusyFleet } from "./busy-fleet.ts";

const look = { paint: paintFor(false), symbols: UNICODE, moment: momentIn(true) };
// Bounds a failure only; nothing waits this long when all is well.
const PATIENCE = { timeout: 120_000 };
const ESCAPE = "\u001b";

afterEach(cleanup);

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
    const view = <TopFrameView state={store.snapshot()} size={{ columns, rows }} look={look} fills={false} />;
    expect(`\n${renderToString(view, { columns })}\n`).toMatchSnapshot();
  });

  test("a symbol beside every colour: what colours say is there without them", () => {
    const store = new TopStore(0);
    feedBusyFleet(store);
    const draw = (colored: boolean) => {
      const size = { columns: 80, rows: 24 };
      const view = (
        <TopFrameView
          state={store.snapshot()}
          size={size}
          look={{ ...look, paint: paintFor(colored) }}
          fills={false}
        />
      );
      return renderToString(view, { columns: 80 });
    };
    expect(draw(true)).toContain(`${ESCAPE}[31m✗ down`);
    expect(draw(false)).toContain("✗ down");
    expect(draw(false)).not.toContain(ESCAPE);
  });
});

describe("keys", () => {
  function open() {
    const store = new TopStore(0);
    feedBusyFleet(store);
    const screen = render(<TopScreen feed={store} look={look} />);
    return { store, screen, press: (keys: string) => screen.stdin.write(keys) };
  }
  const shows = (screen: ReturnType<typeof render>, text: string) =>
    vi.waitFor(() => expect(screen.lastFrame()).toContain(text), PATIENCE);

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
    const { screen, press } = open();
    for (const key of keys.startsWith("1") ? [keys[0] ?? "", keys.slice(1)] : [keys]) press(key);
    await shows(screen, text);
  });

  test("typing a filter shows it, finds rows, and letters are no commands", async () => {
    const { screen, store, press } = open();
    press("4");
    press("/");
    for (const letter of "cluster-19") press(letter);
    await shows(screen, "/cluster-19");
    await shows(screen, "clusters 1 of 20");
    press("\r");
    await shows(screen, 'filter "cluster-19"');
    expect(store.snapshot().running).toBe("yes");
  });

  test("a view by its name, a row opened and left again", async () => {
    const { screen, press } = open();
    press(":clu\r");
    await shows(screen, "clusters 20");
    press("\r");
    await shows(screen, "clusters › cluster-07");
    press(ESCAPE);
    await shows(screen, "clusters 20");
  });

  test("keys that arrive in one read all count, in their order", async () => {
    const { screen, store, press } = open();
    press("4/cluster-19\r");
    await shows(screen, 'filter "cluster-19"');
    expect(store.snapshot()).toMatchObject({ view: "clusters", prompt: null, running: "yes" });
    press("3q");
    await vi.waitFor(
      () => expect(store.snapshot()).toMatchObject({ view: "shards", running: "quit" }),
      PATIENCE,
    );
  });

  test.each([
    { keys: "q", running: "quit" },
    { keys: "\u0003", running: "interrupted" },
  ])("$running", async ({ keys, running }) => {
    const { store, press } = open();
    press(keys);
    await vi.waitFor(() => expect(store.snapshot().running).toBe(running), PATIENCE);
  });
});
