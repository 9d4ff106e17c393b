// The keys of the dashboard as ink reads them, without its frames.

import { cleanup, render } from "ink-testing-library";
import { afterEach, expect, test, vi } from "vitest";
import { TopStore } from "../../src/ui/top-store.ts";
import { TopKeys } from "../../src/ui/view/top-keys.tsx";
import { feedBusyFleet } from "./busy-fleet.ts";
import { PATIENCE } from "./open-dashboard.ts";

afterEach(cleanup);

function open() {
  const store = new TopStore(0);
  feedBusyFleet(store);
  const onAction = vi.fn();
  const { stdin, lastFrame } = render(<TopKeys feed={store} onAction={onAction} />);
  return { store, onAction, lastFrame, press: (keys: string) => stdin.write(keys) };
}

test("keys that arrive in one read all count, in their order", async () => {
  const { store, press } = open();
  press("4/cluster-19\r");
  await vi.waitFor(
    () => expect(store.snapshot()).toMatchObject({ view: "clusters", prompt: null, running: "yes" }),
    PATIENCE,
  );
  press("3q");
  await vi.waitFor(
    () => expect(store.snapshot()).toMatchObject({ view: "shards", running: "quit" }),
    PATIENCE,
  );
});

test("Esc and a letter in one read, as a busy terminal hands them over, are both pressed", async () => {
  const { store, onAction, press } = open();
  press("4/cluster-19");
  await vi.waitFor(() => expect(store.snapshot().prompt).not.toBeNull(), PATIENCE);
  press("\u001b3");
  await vi.waitFor(() => expect(store.snapshot()).toMatchObject({ view: "shards", prompt: null }), PATIENCE);
  expect(onAction.mock.calls.slice(-2)).toEqual([
    [{ kind: "back" }],
    [{ kind: "show-view", view: "shards" }],
  ]);
});

test("what follows keys gets each action after the state took it, and nothing is drawn", async () => {
  const { store, onAction, lastFrame, press } = open();
  const views: string[] = [];
  onAction.mockImplementation(() => views.push(store.snapshot().view));
  press("3");
  await vi.waitFor(() => expect(views).toEqual(["shards"]), PATIENCE);
  expect(lastFrame()).toBe("");
});

test.each([
  { keys: "q", running: "quit" },
  { keys: "\u0003", running: "interrupted" },
])("$running, after which no key counts", async ({ keys, running }) => {
  const { store, onAction, press } = open();
  press(`${keys}3`);
  await vi.waitFor(() => expect(store.snapshot().running).toBe(running), PATIENCE);
  expect(onAction).toHaveBeenCalledTimes(1);
});
