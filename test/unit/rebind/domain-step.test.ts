import { describe, expect, test } from "vitest";
import { pathText, readValue } from "../../../src/core/base/read-value.ts";
import { domainStep } from "../../../src/core/rebind/domain-step.ts";
import { plan as planIn } from "../../../src/core/rebind/parse-plan.ts";
import { inversePlan, type RebindPlan } from "../../../src/core/rebind/plan.ts";
import { Domain } from "../../../src/core/wire/gen/fleet/v1/command.ts";

const MOVE = { key: "rack", value: "r1", from: "s1", to: "s2" };
const PLAN: RebindPlan = {
  ...{ version: 1, name: "p", executor: { kind: "local" } },
  domains: [
    { ...MOVE, version: 7 },
    { ...MOVE, value: "r2" },
  ],
  moves: [],
};

test.each([
  { row: ["s1", 7], version: 7, step: { step: "move", version: 7 }, why: "as planned" },
  { row: ["s1", 9], step: { step: "move", version: 9 }, why: "a plan without versions takes what is there" },
  { row: ["s1", 9], version: 7, step: { reason: "VERSION_CONFLICT" }, why: "it was elsewhere in between" },
  { row: ["s2", 8], version: 7, step: { step: "done" }, why: "moved already" },
  { row: ["s3", 7], version: 7, step: { reason: "OWNER_CHANGED" }, why: "somebody moved it elsewhere" },
  { row: null, step: { reason: "DOMAIN_UNASSIGNED" }, why: "somebody released it" },
] as const)("$step: $why", (given) => {
  const { key, value } = MOVE;
  const row =
    given.row === null
      ? undefined
      : Domain.fromPartial({ key, value, shardId: given.row[0], version: given.row[1] });
  const move = "version" in given ? { ...MOVE, version: given.version } : MOVE;
  expect(domainStep(move, row)).toMatchObject(given.step);
});

test("a plan of domains alone is read as it stands, and one without them as before", () => {
  expect(readValue(PLAN, planIn)).toEqual({ ok: true, value: PLAN });
});

test("the inverse moves them back whatever version the move gave them, last first", () => {
  const back = { key: "rack", from: "s2", to: "s1" };
  expect(inversePlan(PLAN).domains).toEqual([
    { ...back, value: "r2" },
    { ...back, value: "r1" },
  ]);
  expect(readValue(inversePlan(PLAN), planIn)).toEqual({ ok: true, value: inversePlan(PLAN) });
});

describe("parse", () => {
  test.each([
    { domains: [], paths: ["domains", "moves"], why: "nothing to do" },
    { domains: {}, paths: ["domains", "moves"], why: "no list" },
    { domains: [{ ...MOVE, to: "s1" }], paths: ["domains[0].to"], why: "moves nowhere" },
    { domains: [{ ...MOVE, to: "" }], paths: ["domains[0].to"], why: "a plan releases nothing" },
    { domains: [{ ...MOVE, key: 1 }], paths: ["domains[0].key"], why: "no text" },
    { domains: [{ ...MOVE, version: "7" }], paths: ["domains[0].version"], why: "no number" },
    { domains: [{ ...MOVE, versoin: 7 }], paths: ["domains[0].versoin"], why: "a typo" },
    {
      domains: [MOVE, { ...MOVE, to: "s3" }],
      paths: ["domains[1].value"],
      why: "a domain moves once a plan",
    },
  ])("$paths: $why", ({ domains, paths }) => {
    const parsed = readValue({ ...PLAN, domains }, planIn);
    expect(
      parsed.ok ? [] : parsed.problems.map(({ path }) => pathText(path).replace("the file", "")),
    ).toEqual(paths);
  });
});
