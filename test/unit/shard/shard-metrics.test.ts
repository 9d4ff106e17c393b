import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { silentLog } from "../../../src/core/base/log.ts";
import { Exposition } from "../../../src/core/metrics/exposition.ts";
import type { Binding } from "../../../src/core/shard/binding-table.ts";
import { LeftOut } from "../../../src/core/shard/left-out.ts";
import { SESSION_ENDS, SessionEnds, shardMetrics } from "../../../src/core/shard/shard-metrics.ts";
import { rpcError } from "../../../src/core/wire/rpc-error.ts";
import { sampleOf } from "../metrics/parse-exposition.ts";

const to = { toShard: "s2", toAddress: "h:1" };
const BINDINGS = new Map<string, Binding>([
  ["c1", { kind: "bound", version: 0 }],
  ["c2", { kind: "bound", version: 1 }],
  ["c3", { kind: "released", version: 2, to }],
]);

async function look(ends: SessionEnds, reportAgeMs: number | null): Promise<string> {
  const exposition = new Exposition();
  const sights = {
    bindings: BINDINGS,
    hasSession: (id: string) => id === "c1",
    reportAgeMs: () => reportAgeMs,
    errors: { count: 2 },
    callers: {
      denied: new Map([["IDENTITY_MISSING", 3]]),
      logins: new Map([["cluster", 4]]),
      limited: new Map([["cluster", new Map([["CALLS_TOO_OFTEN", 5]])]]),
      slowed: new Map([["refusal", 6]]),
    },
    leftOut: new LeftOut(silentLog),
  };
  const metrics = shardMetrics({ ...sights, ends });
  await metrics.collect(exposition);
  expect(metrics.readiness()).toEqual({ ready: true });
  return exposition.text();
}

test("a shard shows its sessions and bindings, and since when no coordinator took a report", async () => {
  const text = await look(new SessionEnds(), 1_500);
  expect(sampleOf(text, "fleet_shard_sessions")).toBe(1);
  expect(sampleOf(text, "fleet_shard_bindings", { state: "bound" })).toBe(2);
  expect(sampleOf(text, "fleet_shard_bindings", { state: "released" })).toBe(1);
  expect(sampleOf(text, "fleet_shard_report_age_seconds")).toBe(1.5);
  expect(sampleOf(text, "fleet_internal_errors_total")).toBe(2);
});

test("before its first report nothing is said of its age, and it is ready all the same", async () => {
  expect(await look(new SessionEnds(), null)).not.toContain("fleet_shard_report_age_seconds");
});

test("sessions that the shard ends are counted by reason, and unknown reasons together", async () => {
  const ends = new SessionEnds();
  const errors = [
    rpcError(status.FAILED_PRECONDITION, "CLUSTER_RELEASED", ""),
    rpcError(status.FAILED_PRECONDITION, "CLUSTER_RELEASED", ""),
    rpcError(status.INTERNAL, "SOMETHING_NEW", ""),
    new Error("the network broke"),
  ];
  for (const error of errors) {
    const call = new EventEmitter();
    ends.watch(call as unknown as Parameters<SessionEnds["watch"]>[0]);
    call.emit("error", error);
  }
  const text = await look(ends, null);
  const count = (reason: string) => sampleOf(text, "fleet_shard_sessions_ended_total", { reason });
  expect([count("cluster_released"), count("other"), count("session_silent")]).toEqual([2, 1, 0]);
});

// Read from the source, since what is raised nowhere else has no list.
test("every reason for which a shard refuses or ends a session is counted by its name", async () => {
  const source = new URL("../../../src/core/shard/session-refusals.ts", import.meta.url);
  const raised = readFileSync(source, "utf8").match(/(?<=")[A-Z]+(?:_[A-Z]+)+(?=")/g) ?? [];
  expect(raised).toContain("SHARD_DRAINING");
  expect([...SESSION_ENDS].sort()).toEqual([...new Set(raised), "IDENTITY_MISSING"].sort());
  const text = await look(new SessionEnds(), null);
  const unseen = SESSION_ENDS.filter((reason) => {
    const label = { reason: reason.toLowerCase() };
    return sampleOf(text, "fleet_shard_sessions_ended_total", label) !== 0;
  });
  expect(unseen).toEqual([]);
});
