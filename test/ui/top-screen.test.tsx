// The dashboard on React: frames as text at several sizes, and keys through ink's own input parsing.
import { renderToString } from "ink";
import { cleanup, render } from "ink-testing-library";
import { afterEach, describe, expect, test, vi } from "vitest";
import { paintFor } from "../../src/ui/cli/color.ts";
import { UNICODE } from "../../src/ui/model/symbols.ts";
import { TopStore } from "../../src/ui/top-store.ts";
import { TopFrameView } from "../../src/ui/view/top-frame-view.tsx";
import { TopScreen } from "../../src/ui/view/top-screen.tsx";
import { feedBusyFleet } from "./busy-fleet.ts";

const look = { paint: paintFor(false), symbols: UNICODE };
// Bounds a failure only; nothing waits this long when all is well.
const PATIENCE = { timeout: 120_000 };
const ESCAPE = "\u001b";

afterEach(cleanup);

describe("frames", () => {
  test.each([
    { columns: 80, rows: 24 },
    { columns: 40, rows: 12 },
    { columns: 120, rows: 30 },
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
    { keys: "2", shows: "› 2 shards", why: "a pane by its number" },
    { keys: "\t", shows: "› 2 shards", why: "tab goes on" },
    { keys: `${ESCAPE}[Z`, shows: "› 3 bindings", why: "shift-tab goes back" },
    { keys: "?", shows: "only bindings with drift", why: "help" },
    { keys: "p", shows: "PAUSED", why: "pause" },
    { keys: "d", shows: "drift only", why: "drift" },
    { keys: "s", shows: "NAME↑", why: "order" },
    { keys: `${ESCAPE}[B`, shows: "› n2", why: "down" },
  ])("$keys: $why", async ({ keys, shows: text }) => {
    const { screen, press } = open();
    press(keys);
    await shows(screen, text);
  });

  test("typing a filter shows it, finds rows, and letters are no commands", async () => {
    const { screen, store, press } = open();
    press("3");
    press("/");
    for (const letter of "cluster-19") press(letter);
    await shows(screen, "/cluster-19");
    await shows(screen, "3 bindings 1");
    press("\r");
    await shows(screen, 'filter "cluster-19"');
    expect(store.snapshot().running).toBe("yes");
  });

  test("keys that arrive in one read all count, in their order", async () => {
    const { screen, store, press } = open();
    press("3/cluster-19\r");
    await shows(screen, 'filter "cluster-19"');
    expect(store.snapshot()).toMatchObject({ pane: "bindings", typing: false, running: "yes" });
    press("2q");
    await vi.waitFor(
      () => expect(store.snapshot()).toMatchObject({ pane: "shards", running: "quit" }),
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
