import { describe, expect, test } from "vitest";
import { type DrillEvent, measure, timelineOf } from "../../../src/core/drill/timeline.ts";

const fault: DrillEvent = { kind: "fault", atMs: 1_000, node: "n1", term: 3 };
const leader = (atMs: number, node: string, term: number): DrillEvent => ({
  kind: "leader",
  atMs,
  node,
  term,
});
const write = (atMs: number, number: number, term: number): DrillEvent => ({
  kind: "acknowledged",
  atMs,
  number,
  term,
});
const restarted = (atMs: number, node: string): DrillEvent => ({ kind: "restarted", atMs, node });
const caughtUp = (atMs: number, node: string): DrillEvent => ({ kind: "caught-up", atMs, node });

const NEVER = { faultToLeaderMs: null, faultToFirstWriteMs: null, catchUpMs: null };

describe("durations", () => {
  test.each([
    { events: [], is: NEVER, why: "nothing happened" },
    { events: [leader(10, "n1", 3), write(20, 1, 3)], is: NEVER, why: "there was no fault" },
    { events: [fault], is: NEVER, why: "it never recovered" },
    {
      events: [fault, leader(1_300, "n2", 4)],
      is: { ...NEVER, faultToLeaderMs: 300 },
      why: "a leader, no write",
    },
    {
      events: [fault, leader(1_300, "n2", 4), leader(1_400, "n3", 5)],
      is: { ...NEVER, faultToLeaderMs: 300 },
      why: "the first new leader counts",
    },
    {
      events: [fault, leader(1_050, "n1", 3)],
      is: NEVER,
      why: "a stale answer still names the dead leader",
    },
    {
      events: [fault, write(1_010, 50, 3), write(1_450, 51, 4), write(1_500, 52, 4)],
      is: { ...NEVER, faultToLeaderMs: 450, faultToFirstWriteMs: 450 },
      why: "the old leader's last acknowledgement was still on its way",
    },
    {
      events: [write(1_450, 51, 4), leader(1_300, "n2", 4), fault],
      is: { ...NEVER, faultToLeaderMs: 300, faultToFirstWriteMs: 450 },
      why: "events arrive in any order",
    },
    {
      events: [fault, restarted(2_000, "n1"), caughtUp(2_700, "n1")],
      is: { ...NEVER, catchUpMs: 700 },
      why: "back",
    },
    { events: [fault, restarted(2_000, "n1")], is: NEVER, why: "still behind" },
    { events: [fault, restarted(2_000, "n1"), caughtUp(2_100, "n2")], is: NEVER, why: "another replica" },
    { events: [fault, caughtUp(1_500, "n1"), restarted(2_000, "n1")], is: NEVER, why: "before its restart" },
  ])("$why", ({ events, is }) => expect(measure(events)).toEqual(is));
});

test("the timeline tells each event, and of the writes the first after the fault", () => {
  const events: DrillEvent[] = [
    { kind: "started", atMs: 500 },
    write(600, 1, 3),
    fault,
    write(1_010, 2, 3),
    leader(1_300, "n2", 4),
    write(1_450, 3, 4),
    write(1_470, 4, 4),
    restarted(2_000, "n1"),
    caughtUp(2_700, "n1"),
    { kind: "stopped", atMs: 3_000 },
  ];
  expect(timelineOf(events)).toEqual([
    { atMs: 500, what: "writes started" },
    { atMs: 1_000, what: "killed n1, leader of term 3" },
    { atMs: 1_300, what: "n2 leads term 4" },
    { atMs: 1_450, what: "first write acknowledged after the fault: 3" },
    { atMs: 2_000, what: "restarted n1" },
    { atMs: 2_700, what: "n1 has caught up" },
    { atMs: 3_000, what: "writes stopped" },
  ]);
  expect(timelineOf([])).toEqual([]);
});

test("a write that was acknowledged in a new term proves its leader, however late that was seen", () => {
  const durations = measure([
    { kind: "fault", atMs: 100, node: "n1", term: 5 },
    { kind: "acknowledged", atMs: 180, number: 9, term: 6 },
    { kind: "leader", atMs: 195, node: "n2", term: 6 },
  ]);
  expect(durations).toMatchObject({ faultToLeaderMs: 80, faultToFirstWriteMs: 80 });
});
