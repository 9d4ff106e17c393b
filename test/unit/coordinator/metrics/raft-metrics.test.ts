import { expect, test } from "vitest";
import {
  collectExports,
  collectGroups,
  collectHeldLog,
  collectRoom,
} from "../../../../src/core/coordinator/metrics/raft-metrics.ts";
import { Exposition } from "../../../../src/core/metrics/exposition.ts";
import { sampleOf } from "../../metrics/parse-exposition.ts";
import { exportStatus } from "../../ui/model/fixtures.ts";

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

test("the leader shows how old its exports are and may be, and how many should be gone; others show nothing", () => {
  const exported = exportStatus({ undeleted: 2, vanished: 5 });
  const text = textOf((into) => collectExports(into, { snapshotExport: () => exported }));
  expect(sampleOf(text, "fleet_exported_snapshot_age_seconds")).toBe(450.5);
  expect(sampleOf(text, "fleet_exported_snapshot_interval_seconds")).toBe(300);
  expect(sampleOf(text, "fleet_exported_snapshots_undeleted")).toBe(2);
  expect(sampleOf(text, "fleet_exported_snapshots_vanished")).toBe(5);
  expect(textOf((into) => collectExports(into, { snapshotExport: () => undefined }))).not.toContain(
    "exported",
  );
});

test("the log that is held for lagging followers shows with its bound on the leader; that it was too little, anywhere", () => {
  const held = { bytes: 1_000, bytesMax: 4_000, exceeded: 2 };
  const leader = textOf((into) => collectHeldLog(into, held, true));
  expect(sampleOf(leader, "fleet_raft_held_log_bytes")).toBe(1_000);
  expect(sampleOf(leader, "fleet_raft_held_log_max_bytes")).toBe(4_000);
  const follower = textOf((into) => collectHeldLog(into, { ...held, bytes: 0 }, false));
  expect(follower).not.toContain("fleet_raft_held_log_bytes");
  expect(sampleOf(follower, "fleet_raft_held_log_exceeded_total")).toBe(2);
});

test("a disk's room shows once the disk has answered", () => {
  const rest = { logBytes: 1, snapshotBytes: 2, residentBytes: 3, processorMs: 4 };
  const room = { freeBytes: 5, totalBytes: 9 };
  const known = textOf((into) => collectRoom(into, { sizes: () => ({ ...rest, diskRoom: room }) }));
  expect(sampleOf(known, "fleet_disk_free_bytes")).toBe(5);
  expect(sampleOf(known, "fleet_disk_size_bytes")).toBe(9);
  const unknown = textOf((into) => collectRoom(into, { sizes: () => ({ ...rest, diskRoom: undefined }) }));
  expect(unknown).not.toContain("fleet_disk");
});
