// Migrations in waves: one row per plan, per step of one, and per route of one.
import type { Plan, PlanStep } from "../../../core/wire/gen/fleet/v1/command.ts";
import { planMark, planStateWord, type Route, stepMark, stepStateWord } from "../plan-words.ts";
import type { Table } from "../table.ts";

export const planTable: Table<Plan> = {
  rowName: ({ planId }) => planId,
  columns: [
    { name: "plan", header: "PLAN", value: ({ planId }) => planId },
    {
      name: "state",
      header: "STATE",
      value: (plan) => ({ text: planStateWord(plan), mark: planMark(plan) }),
    },
    { name: "steps", header: "STEPS", value: ({ steps }) => steps },
    { name: "done", header: "DONE", value: ({ done }) => done },
    { name: "under-way", header: "UNDER WAY", value: ({ underWay, undoing }) => underWay + undoing },
    { name: "failed", header: "FAILED", value: ({ failed }) => failed },
    { name: "undone", header: "MOVED BACK", value: ({ undone }) => undone, wide: true },
    { name: "cause", header: "CAUSE", value: ({ cause }) => cause || null },
    { name: "runner", header: "RUNNER", value: ({ runner }) => runner || null },
    { name: "since", header: "SINCE", value: ({ sinceMs }) => ({ atMs: sinceMs }) },
    { name: "by", header: "BY", value: ({ by }) => by, wide: true },
  ],
};

export const planStepTable: Table<PlanStep> = {
  rowName: ({ clusterId }) => clusterId,
  columns: [
    { name: "number", header: "#", value: ({ number }) => number },
    { name: "cluster", header: "CLUSTER", value: ({ clusterId }) => clusterId },
    { name: "from", header: "FROM", value: ({ fromShard }) => fromShard },
    { name: "to", header: "TO", value: ({ toShard }) => toShard },
    {
      name: "state",
      header: "STATE",
      value: ({ state }) => ({ text: stepStateWord(state), mark: stepMark(state) }),
    },
    { name: "failure", header: "FAILURE", value: ({ failure }) => failure || null },
    { name: "version", header: "VERSION", value: ({ version }) => version, wide: true },
  ],
};

export const routeTable: Table<Route> = {
  rowName: ({ from, to }) => `${from}-${to}`,
  columns: [
    { name: "from", header: "FROM", value: ({ from }) => from },
    { name: "to", header: "TO", value: ({ to }) => to },
    { name: "clusters", header: "CLUSTERS", value: ({ clusters }) => clusters },
  ],
};
