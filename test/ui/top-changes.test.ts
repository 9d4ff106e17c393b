// Changes from the dashboard, through ink's own keys, with an executor that a test holds. The dry run and the
// question come first, and the screen waits for nothing. A change can be cancelled, and a failure says why.

import { describe, expect, test } from "vitest";
import { Exit, OperatorError } from "../../src/core/base/errors.ts";
import type { Change, ChangeCheck, ChangeOutcome } from "../../src/ui/model/top/change.ts";
import { type ChangeExecutor, TopOperator } from "../../src/ui/top-operator.ts";
import { TopStore } from "../../src/ui/top-store.ts";
import { feedBusyFleet } from "./busy-fleet.ts";
import { openDashboard } from "./open-dashboard.ts";

const ESCAPE = "\u001b";

/** An executor whose answers a test gives when it wants. */
class HeldExecutor implements ChangeExecutor {
  readonly checks: { change: Change; signal: AbortSignal; answer: PromiseWithResolvers<ChangeCheck> }[] = [];
  readonly performs: {
    change: Change;
    tell: (line: string) => void;
    signal: AbortSignal;
    answer: PromiseWithResolvers<ChangeOutcome>;
  }[] = [];

  readonly check: ChangeExecutor["check"] = (change, signal) => {
    const answer = Promise.withResolvers<ChangeCheck>();
    this.checks.push({ change, signal, answer });
    return answer.promise;
  };

  readonly perform: ChangeExecutor["perform"] = (change, tell, signal) => {
    const answer = Promise.withResolvers<ChangeOutcome>();
    this.performs.push({ change, tell, signal, answer });
    return answer.promise;
  };
}

function open() {
  const store = new TopStore(0, 0, "", { fleet: "prod", reason: "", restart: null });
  feedBusyFleet(store);
  const executor = new HeldExecutor();
  const operator = new TopOperator(store, executor);
  const drive = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  const { shows, press } = openDashboard(store, { drive, act: () => operator.act() });
  return { executor, operator, shows, press };
}

describe("a change", () => {
  test("is shown, asked for, made, and its outcome is said", async () => {
    const { executor, shows, press } = open();
    press("T");
    await shows("$ fleet leader transfer");
    await shows("dry run");
    expect(executor.performs).toEqual([]);
    executor.checks[0]?.answer.resolve({ finding: "ask", lines: ["? n2 would lead"] });
    await shows("? n2 would lead");
    await shows("do it?");
    press("y");
    await shows("under way");
    expect(executor.performs[0]?.change).toEqual({ kind: "transfer", to: "" });
    executor.performs[0]?.tell("halfway there");
    await shows("halfway there");
    // The screen waits for nothing.
    press("4");
    await shows("clusters 20");
    executor.performs[0]?.answer.resolve({ isDone: true, lines: ["n2 leads term 4"] });
    await shows("● done");
    await shows("n2 leads term 4");
  });

  test("is cancelled by c, and says what came of that", async () => {
    const { executor, shows, press } = open();
    press("T");
    await shows("dry run");
    executor.checks[0]?.answer.resolve({ finding: "ask", lines: [] });
    await shows("do it?");
    press("y");
    await shows("under way");
    expect(executor.performs[0]?.signal.aborted).toBe(false);
    press("c");
    await shows("being cancelled");
    expect(executor.performs[0]?.signal.aborted).toBe(true);
    executor.performs[0]?.answer.resolve({ isDone: false, lines: ["cancelled: all was put back"] });
    await shows("cancelled: all was put back");
  });

  test("that fails says its reason and the next step", async () => {
    const { executor, shows, press } = open();
    press("T");
    await shows("dry run");
    const parts = { what: "no leader answered", why: "two are down", next: "fleet up", exit: Exit.NoQuorum };
    executor.checks[0]?.answer.reject(new OperatorError("NO_LEADER", parts));
    await shows("✗ failed");
    await shows("FLEET_E_NO_LEADER: no leader answered");
    await shows("two are down");
    await shows("next: fleet up");
    expect(executor.performs).toEqual([]);
  });

  test("whose dry run hangs is left by esc, and another one begins", async () => {
    const { executor, shows, press } = open();
    press("T");
    await shows("dry run");
    press(ESCAPE);
    await shows("left: transfer leadership");
    expect(executor.checks[0]?.signal.aborted).toBe(true);
    press("3D");
    await shows("$ fleet shard drain s1");
    executor.checks[0]?.answer.resolve({ finding: "ask", lines: ["late"] });
    executor.checks[1]?.answer.resolve({ finding: "nothing", lines: ["shard s1 was being drained already"] });
    await shows("was being drained already");
    expect(executor.performs).toEqual([]);
  });
});

describe("the end of the dashboard", () => {
  test("cancels what is under way, and waits for it", async () => {
    const { executor, shows, press, operator } = open();
    press("T");
    await shows("dry run");
    executor.checks[0]?.answer.resolve({ finding: "ask", lines: [] });
    await shows("do it?");
    press("y");
    await shows("under way");
    expect(operator.underWay).toEqual({ kind: "transfer", to: "" });
    let hasSettled = false;
    const settled = operator.settle().then((had) => {
      hasSettled = true;
      return had;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasSettled).toBe(false);
    expect(executor.performs[0]?.signal.aborted).toBe(true);
    executor.performs[0]?.answer.resolve({ isDone: false, lines: [] });
    expect(await settled).toBe(true);
    expect(await operator.settle()).toBe(false);
  });

  test("comes with a bug in a change", async () => {
    const { executor, shows, press, operator } = open();
    press("T");
    await shows("dry run");
    executor.checks[0]?.answer.reject(new TypeError("a bug"));
    await expect(operator.broken).rejects.toThrow("a bug");
  });
});
