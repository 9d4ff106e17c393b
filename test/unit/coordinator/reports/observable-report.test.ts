// What a hostile shard reports is validated where it is observed (issue 11): names, labels, sizes.

import { expect, test } from "vitest";
import { observableReport as observing } from "../../../../src/core/coordinator/reports/observable-report.ts";
import { drained } from "../../../../src/core/fleet/slices.ts";
import { InstructionOutcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { hostileTexts, UNSAFE } from "../../base/hostile-text.ts";

const observableReport = (given: ReportShardRequest) => drained(observing(given));
const report = (parts: Parameters<typeof ReportShardRequest.fromPartial>[0]) =>
  ReportShardRequest.fromPartial({ shardId: "s1", address: "s1:1", epoch: 1, cycle: 1, ...parts });
const refusedIn = (parts: Parameters<typeof report>[0]) =>
  Object.fromEntries(observableReport(report(parts))?.refused ?? []);

test("a report of a sound shard stays as it is", () => {
  const sound = report({
    bindings: [{ clusterId: "c1", state: BindingState.BOUND, version: 3, session: true }],
    shortfalls: [
      {
        clusterId: "c1",
        requirements: { "instance-type": "m5.large", "topology.kubernetes.io/zone": "eu-1a" },
        deficit: { machines: 2 },
      },
    ],
    doubleDials: [{ clusterId: "c1", from: "[::1]:4711", count: 1 }],
    acks: [
      {
        key: "rack",
        value: "Reihe 1 é",
        sequence: 4,
        outcome: InstructionOutcome.FAILED,
        detail: "no such rack",
      },
    ],
    summary: { machinesTotal: 3, freeByZone: { "eu-1a": 1 }, domains: [{ key: "rack", value: "Reihe 1 é" }] },
  });
  const seen = observableReport(sound);
  expect(seen?.report).toEqual(sound);
  expect([...(seen?.refused ?? [])]).toEqual([]);
});

test("nothing unprintable is observed, and all of it is counted", () => {
  for (const text of hostileTexts(41, 500)) {
    const seen = observableReport(
      report({
        bindings: [{ clusterId: text }],
        shortfalls: [
          { clusterId: text },
          { clusterId: "c1", requirements: { [text]: text } },
          { clusterId: "c1", deficit: { [text]: 1 } },
          { clusterId: "c1", penaltyBucket: text },
        ],
        doubleDials: [{ clusterId: "c1", from: text }],
        summary: {
          freeByZone: { [text]: 1 },
          freeByInstanceType: { [text]: 1 },
          domains: [{ key: text, value: text, listedByZone: { [text]: 1 } }],
        },
      }),
    );
    const { bindings = [], shortfalls = [], doubleDials = [], summary } = seen?.report ?? {};
    for (const kept of [bindings, shortfalls, doubleDials, summary])
      expect(deepTexts(kept).join("")).not.toMatch(UNSAFE);
  }
  expect(refusedIn({ bindings: [{ clusterId: "a\u001b[2J" }, { clusterId: "c1" }] })).toEqual({ binding: 1 });
});

test.each([
  {
    parts: { shortfalls: Array.from({ length: 150 }, () => ({ clusterId: "c1" })) },
    refused: { shortfall: 50 },
    why: "a hundred shortfalls",
  },
  {
    parts: { shortfalls: Array.from({ length: 100 }, () => ({ clusterId: "c1", requirements: labels(32) })) },
    refused: { shortfall: 54 },
    why: "64 kB of them",
  },
  {
    parts: { shortfalls: [{ clusterId: "c1", requirements: labels(33) }] },
    refused: { shortfall: 1 },
    why: "32 labels",
  },
  {
    parts: { doubleDials: Array.from({ length: 501 }, () => ({ clusterId: "c1", from: "h:1" })) },
    refused: { double_dial: 1 },
    why: "500 double dials",
  },
  {
    parts: {
      summary: { freeByZone: Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`z${at}`, 1])) },
    },
    refused: { summary: 1 },
    why: "a thousand zones",
  },
  {
    parts: { acks: Array.from({ length: 4_097 }, () => ({ key: "k", value: "v" })) },
    refused: { answer: 1 },
    why: "4096 answers",
  },
])("no more than $why", ({ parts, refused }) => expect(refusedIn(parts)).toEqual(refused));

test("an answer's words are cut to what a row keeps", () => {
  const seen = observableReport(report({ acks: [{ key: "k", value: "v", detail: "é".repeat(1_000_000) }] }));
  expect(Buffer.byteLength(seen?.report.acks[0]?.detail ?? "")).toBe(256);
});

test("an incarnation with an endless id is none", () => {
  expect(observableReport(report({ incarnation: { id: "x".repeat(254), epoch: 1 } }))).toBeNull();
});

function labels(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`label-${String(at).padStart(3, "0")}`, "v".repeat(30)]),
  );
}

function deepTexts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, field]) => [key, ...deepTexts(field)]);
}
