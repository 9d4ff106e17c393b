import { expect, test } from "vitest";
import { collectExports, collectGroups } from "../../../src/core/coordinator/metrics/raft-metrics.ts";
import { Exposition } from "../../../src/core/metrics/exposition.ts";
import type { SnapshotExport } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { sampleOf } from "../metrics/parse-exposition.ts";

function textOf(collect: (into: Exposition) => void): string {
  const exposition = new Exposition();
  collect(exposition);
  return exposition.text();
}

test("all groups of a process are counted together", () => {
  const counts = { hosted: 21, led: 7, quiescent: 20, leaderless: 1 };
  const text = textOf((into) => collectGroups(into, { host: { counts: () => counts } }));
  const shown = ["", "_led", "_quiescent", "_leaderless"].map((kind) =>
    sampleOf(text, `fleet_raft_groups${kind}`),
  );
  expect(shown).toEqual([21, 7, 20, 1]);
});

test("the leader shows how old its exports are, and how old they may be; others show nothing", () => {
  const exported: SnapshotExport = {
    ...{
      to: "/backup",
      everyMs: 300_000,
      index: 9,
      exportedAtMs: 1,
      ageMs: 450_500,
      error: "",
      overdue: false,
    },
  };
  const text = textOf((into) => collectExports(into, { snapshotExport: () => exported }));
  expect(sampleOf(text, "fleet_exported_snapshot_age_seconds")).toBe(450.5);
  expect(sampleOf(text, "fleet_exported_snapshot_interval_seconds")).toBe(300);
  expect(textOf((into) => collectExports(into, { snapshotExport: () => undefined }))).not.toContain(
    "exported",
  );
});
