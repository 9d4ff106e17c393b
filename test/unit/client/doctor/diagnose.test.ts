// Every check of `fleet doctor` finds what it is for, and is silent about a fleet without fault.

import { describe, expect, test } from "vitest";
import type { Evidence } from "../../../../src/client/doctor/check.ts";
import { diagnose, FLEET_CHECKS, TABLE_CHECKS, worst } from "../../../../src/client/doctor/diagnose.ts";
import type { LocalFacts } from "../../../../src/client/doctor/local-facts.ts";
import type { Tables } from "../../../../src/client/doctor/tables.ts";
import {
  Instruction,
  InstructionOutcome,
  Plan,
  Provider,
  Quota,
} from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  FollowerProgress,
  KeySpaceStatus,
  type NodeStatus,
  ShardShortfall,
  StateDoubt,
  Vitals,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Admission, Drift, ReignEnd, ShardLiveness } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import {
  clusterView,
  downNode,
  exportStatus,
  fleetReply,
  MEMBERS,
  shardView,
  syncLatency,
  upNode,
} from "../../ui/model/fixtures.ts";

const NOW_MS = 1_700_000_000_000;

const vitals = (differs: Partial<Vitals> = {}): Vitals =>
  Vitals.fromPartial({ quorum: { voters: 3, answering: 3, canLose: 1 }, commitP99Ms: 9, ...differs });
const follower = (differs: Partial<FollowerProgress> = {}): FollowerProgress =>
  FollowerProgress.fromPartial({ nodeId: 2, active: true, state: "replicate", roundTripMs: 2, ...differs });

/** A leader without fault, in a fleet of three on three hosts. */
const LEADER: Partial<NodeStatus> = {
  vitals: vitals(),
  followers: [follower(), follower({ nodeId: 3 })],
  snapshotExport: exportStatus(),
};
const leader = (differs: Partial<NodeStatus> = {}) => ({
  ...upNode(1, { ...LEADER, ...differs }),
  address: "10.0.0.1:7001",
});
const other = (id: number, differs: Partial<NodeStatus> = {}) => ({
  ...upNode(id, differs),
  address: `10.0.0.${id}:7001`,
});
const SOUND = fleetReply([leader(), other(2), other(3)]);
const fleetWith = (differs: Partial<NodeStatus>) => fleetReply([leader(differs), other(2), other(3)]);

const keySpace = (differs: Partial<KeySpaceStatus> = {}): KeySpaceStatus =>
  KeySpaceStatus.fromPartial({
    ...{ leaderId: 1, revision: 2, keys: 1, bytes: 10, bytesMax: 1_000, leases: 1, leasesMax: 100 },
    ...differs,
  });
const fleetWithKeys = (differs: Partial<KeySpaceStatus>) => fleetWith({ keySpace: keySpace(differs) });

const ON_ETCD = { endpoints: ["e1:2379"], prefix: "/fleet/prod" };

const TABLES: Tables = {
  shards: [shardView("s1")],
  clusters: [clusterView("c1")],
  instructions: [],
  providers: [Provider.fromPartial({ name: "aws", declaredQuota: 10 })],
  quotas: [
    Quota.fromPartial({ provider: "aws", region: "eu", limit: 10, slices: [{ shardId: "s1", amount: 10 }] }),
  ],
  shortfalls: [],
  silentRunners: [],
  revoked: [],
  nowMs: NOW_MS,
};

const LOCAL: LocalFacts = {
  processes: [{ name: "n1", running: true, openFilesMax: 65_536 }],
  disks: [{ folder: "/data", freeBytes: 50e9, totalBytes: 100e9 }],
  keys: [{ file: "/data/n1.key", mode: 0o600 }],
  certificates: [],
  cutOff: [],
};

function evidence(
  differs: { fleet?: typeof SOUND; tables?: Partial<Tables>; local?: Partial<LocalFacts> } = {},
): Evidence {
  return {
    fleet: { found: differs.fleet ?? SOUND },
    tables: { found: { ...TABLES, ...differs.tables } },
    local: { found: { ...LOCAL, ...differs.local } },
    contexts: { found: [{ name: "prod", problem: null }] },
  };
}

const checksOf = (given: Evidence) =>
  diagnose("prod", given).findings.map(({ check, subject }) => `${check} ${subject}`);

const reign = { leaderId: 1, term: 3, fromAgeMs: 1_000, untilAgeMs: undefined, ended: ReignEnd.UNSPECIFIED };
const certificate = {
  name: "s1",
  identity: null,
  names: [],
  notBefore: null,
  notAfter: null,
  issuer: null,
  serial: null,
  file: "s1.crt",
  problem: null,
};
const pending = Instruction.fromPartial({ shardId: "s1", sinceMs: NOW_MS - 61_000 });

test("a key space without fault passes every check", () => {
  expect(checksOf(evidence({ fleet: fleetWithKeys({}) }))).toEqual([]);
});

test("a fleet without fault passes every check", () => {
  const diagnosis = diagnose("prod", evidence());
  expect(diagnosis.findings).toEqual([]);
  expect(diagnosis.skipped).toEqual([]);
  expect(diagnosis.passed.length).toBeGreaterThanOrEqual(40);
  expect(new Set(diagnosis.passed).size).toBe(diagnosis.passed.length);
  expect(worst(diagnosis)).toBeNull();
});

describe("coordinators", () => {
  test.each([
    {
      finds: "quorum.leader fleet",
      fleet: fleetReply([downNode(1), downNode(2), other(3)], { leader: null }),
    },
    {
      finds: "quorum.margin fleet",
      fleet: fleetWith({ vitals: vitals({ quorum: { voters: 3, answering: 2, canLose: 0 } }) }),
    },
    { finds: "quorum.lone-voter fleet", fleet: fleetWith({ members: MEMBERS.slice(0, 1) }) },
    { finds: "quorum.even-voters fleet", fleet: fleetWith({ members: MEMBERS.slice(0, 2) }) },
    { finds: "quorum.agreement fleet", fleet: { ...SOUND, agreed: false } },
    {
      finds: "quorum.elections fleet",
      fleet: fleetWith({ vitals: vitals({ reigns: Array.from({ length: 5 }, () => reign) }) }),
    },
    { finds: "state.hashes fleet", fleet: { ...SOUND, hashesAgree: false } },
    {
      finds: "state.fenced n1",
      fleet: fleetWith({ stateDoubt: StateDoubt.fromPartial({ fenced: true, index: 9, cause: "majority" }) }),
    },
    { finds: "replication.lag n2", fleet: fleetWith({ followers: [follower({ lagMs: 5_001 })] }) },
    {
      finds: "replication.learner n2",
      fleet: fleetWith({ followers: [follower({ learner: true, lagMs: 600_001 })] }),
    },
    { finds: "replication.inactive n2", fleet: fleetWith({ followers: [follower({ active: false })] }) },
    { finds: "replication.round-trip n2", fleet: fleetWith({ followers: [follower({ roundTripMs: 101 })] }) },
    { finds: "replication.commit-latency n1", fleet: fleetWith({ vitals: vitals({ commitP99Ms: 251 }) }) },
    {
      finds: "replication.held-log n1",
      fleet: fleetWith({ heldLog: { bytes: 1, bytesMax: 2, exceeded: 1 } }),
    },
    {
      finds: "node.down n3",
      fleet: fleetReply([leader(), other(2), { ...downNode(3), address: "10.0.0.3:7001" }]),
    },
    {
      finds: "node.admission n3",
      fleet: fleetReply([leader(), other(2), other(3, { admission: Admission.REJOINING })]),
    },
    {
      finds: "node.version-awaited n3",
      fleet: {
        ...SOUND,
        versions: { ruling: 1, newest: 2, awaited: [{ name: "n3", knownVersion: 1, build: "0.0.9" }] },
      },
    },
    { finds: "node.builds fleet", fleet: fleetReply([leader(), other(2), other(3, { version: "0.0.9" })]) },
    {
      finds: "node.incarnation fleet",
      fleet: fleetReply([leader(), other(2), other(3, { clusterId: "f0" })]),
    },
    {
      finds: "node.clocks n2",
      fleet: fleetReply([
        leader({ vitals: vitals({ wallClockMs: 9_000 }) }),
        other(2, { vitals: vitals({ wallClockMs: 6_500 }) }),
      ]),
    },
    { finds: "node.memory n1", fleet: fleetWith({ vitals: vitals({ residentBytes: 1_000_000_001 }) }) },
    { finds: "node.restarted n1", fleet: fleetWith({ uptimeMs: 59_999 }) },
    {
      finds: "node.shared-host 10.0.0.1",
      fleet: fleetReply([leader(), other(2), { ...other(3), address: "10.0.0.1:7002" }]),
    },
    {
      finds: "node.groups n1",
      fleet: fleetWith({
        groups: { hosted: 3, led: 1, quiescent: 0, leaderless: 2, messagesSent: 0, framesSent: 0 },
      }),
    },
    { finds: "disk.full n1", fleet: fleetWith({ diskFull: true }) },
    {
      finds: "disk.space n2",
      fleet: fleetReply([
        leader(),
        other(2, { vitals: vitals({ diskRoom: { freeBytes: 9e9, totalBytes: 100e9 } }) }),
        other(3),
      ]),
    },
    { finds: "disk.slow n1", fleet: fleetWith({ diskSlow: true }) },
    { finds: "disk.sync-latency n1", fleet: fleetWith({ syncs: syncLatency(51) }) },
    {
      finds: "certificate.node n3",
      fleet: fleetReply([leader(), other(2), { ...other(3), certificateDaysLeft: 13 }]),
    },
    { finds: "certificate.refused n1", fleet: fleetWith({ certificateRefusal: "n1.crt has expired" }) },
    { finds: "snapshot.none fleet", fleet: fleetWith({ snapshotExport: undefined }) },
    { finds: "snapshot.failing n1", fleet: fleetWith({ snapshotExport: exportStatus({ error: "EACCES" }) }) },
    { finds: "snapshot.overdue n1", fleet: fleetWith({ snapshotExport: exportStatus({ overdue: true }) }) },
    { finds: "snapshot.vanished n1", fleet: fleetWith({ snapshotExport: exportStatus({ vanished: 2 }) }) },
    {
      finds: "keys.fenced n1",
      fleet: fleetWithKeys({ stateDoubt: StateDoubt.fromPartial({ fenced: true }) }),
    },
    { finds: "keys.leader n1", fleet: fleetWithKeys({ leaderId: 0 }) },
    {
      finds: "keys.lag n2",
      fleet: fleetReply([
        leader({ keySpace: keySpace({ revision: 20_000 }) }),
        other(2, { keySpace: keySpace() }),
        other(3),
      ]),
    },
    { finds: "keys.history n1", fleet: fleetWithKeys({ historyFull: true }) },
    { finds: "keys.size n1", fleet: fleetWithKeys({ bytes: 900 }) },
    { finds: "keys.leases n1", fleet: fleetWithKeys({ leases: 81 }) },
    {
      finds: "encryption.etcd-plain fleet",
      fleet: fleetWith({ etcdEngine: { ...ON_ETCD, plainDespiteKey: true } }),
    },
    { finds: "snapshot.undeleted n1", fleet: fleetWith({ snapshotExport: exportStatus({ undeleted: 2 }) }) },
  ])("$finds", ({ finds, fleet }) => {
    expect(checksOf(evidence({ fleet }))).toContain(finds);
  });

  test("there is a case for every check", () => {
    expect(FLEET_CHECKS).toHaveLength(42);
  });
});

describe("shards and tables", () => {
  const observed = shardView("s1").observed;
  test.each<{ finds: string; tables: Partial<Tables> }>([
    { finds: "certificate.revoked n1", tables: { revoked: [{ name: "n1", serial: "AB" }] } },
    { finds: "shard.dead s1", tables: { shards: [shardView("s1", { liveness: ShardLiveness.DEAD })] } },
    { finds: "shard.suspect s1", tables: { shards: [shardView("s1", { liveness: ShardLiveness.SUSPECT })] } },
    {
      finds: "shard.disobeys s1",
      tables: { shards: [shardView("s1", { observed: observed && { ...observed, newerTerm: 9 } })] },
    },
    {
      finds: "shard.left-out s1",
      tables: { shards: [shardView("s1", { observed: observed && { ...observed, shortfallsLeftOut: 1 } })] },
    },
    { finds: "drift.elsewhere fleet", tables: { clusters: [clusterView("c1", Drift.ELSEWHERE)] } },
    { finds: "drift.double fleet", tables: { clusters: [clusterView("c1", Drift.DOUBLE)] } },
    { finds: "drift.absent fleet", tables: { clusters: [clusterView("c1", Drift.ABSENT)] } },
    { finds: "drift.unknown fleet", tables: { clusters: [clusterView("c1", Drift.UNKNOWN)] } },
    {
      finds: "cluster.undeclared fleet",
      tables: { clusters: [clusterView("c1", Drift.NONE, { declared: undefined })] },
    },
    { finds: "instruction.pending s1", tables: { instructions: [pending] } },
    {
      finds: "instruction.refused s1",
      tables: { instructions: [{ ...pending, outcome: InstructionOutcome.FAILED }] },
    },
    {
      finds: "demand.shortfall fleet",
      tables: { shortfalls: [ShardShortfall.fromPartial({ shardId: "s1" })] },
    },
    {
      finds: "plan.runner p1",
      tables: {
        silentRunners: [{ plan: Plan.fromPartial({ planId: "p1", runner: "vm:1" }), silentMs: 13_000 }],
      },
    },
    {
      finds: "quota.slices aws/eu",
      tables: { quotas: TABLES.quotas.map((quota) => ({ ...quota, limit: 9 })) },
    },
    {
      finds: "quota.limits aws",
      tables: { providers: [Provider.fromPartial({ name: "aws", declaredQuota: 9 })] },
    },
    { finds: "quota.shard aws/eu", tables: { shards: [] } },
  ])("$finds", ({ finds, tables }) => {
    expect(checksOf(evidence({ tables }))).toContain(finds);
  });

  test("there is a case for every check", () => {
    expect(TABLE_CHECKS).toHaveLength(17);
  });
});

test.each<{ finds: string; local: Partial<LocalFacts> }>([
  { finds: "local.process n1", local: { processes: [{ name: "n1", running: false, openFilesMax: null }] } },
  {
    finds: "local.coordinators s1",
    local: { cutOff: [{ name: "s1", coordinators: ["127.0.0.1:7001"] }] },
  },
  {
    finds: "local.open-files n1",
    local: { processes: [{ name: "n1", running: true, openFilesMax: 1_024 }] },
  },
  {
    finds: "local.disk-space /data",
    local: { disks: [{ folder: "/data", freeBytes: 9e9, totalBytes: 100e9 }] },
  },
  { finds: "local.key-mode /data/n1.key", local: { keys: [{ file: "/data/n1.key", mode: 0o640 }] } },
  {
    finds: "local.certificate s1",
    local: { certificates: [{ ...certificate, daysLeft: 3, state: "soon" }] },
  },
])("this machine: $finds", ({ finds, local }) => {
  expect(checksOf(evidence({ local }))).toEqual([finds]);
});

test("on etcd without a key, nothing was promised", () => {
  const fleet = fleetWith({ etcdEngine: { ...ON_ETCD, plainDespiteKey: false } });
  expect(checksOf(evidence({ fleet }))).not.toContain("encryption.etcd-plain fleet");
});

test("a full disk is one finding, and a node that does not say its room none", () => {
  const room = vitals({ diskRoom: { freeBytes: 0, totalBytes: 100e9 } });
  const full = fleetWith({ diskFull: true, vitals: room });
  expect(checksOf(evidence({ fleet: full }))).toEqual(["disk.full n1"]);
  expect(checksOf(evidence({ fleet: fleetWith({ vitals: undefined }) }))).not.toContain("disk.space n1");
});

test("a context that leads nowhere", () => {
  const contexts = { found: [{ name: "old", problem: "no endpoint accepts connections: h:1" }] };
  expect(checksOf({ ...evidence(), contexts })).toEqual(["context.nowhere old"]);
});

test("what could not be read is skipped with the reason, and the worst finding stands first", () => {
  const given = evidence({ fleet: fleetWith({ diskFull: true, syncs: syncLatency(51) }) });
  const diagnosis = diagnose("prod", { ...given, tables: { missing: "no leader answered in time" } });
  expect(diagnosis.findings.map(({ severity }) => severity)).toEqual(["critical", "warning"]);
  expect(worst(diagnosis)).toBe("critical");
  const [skipped] = diagnosis.skipped;
  expect(skipped).toEqual({ check: "shard.dead", because: "no leader answered in time" });
  expect(diagnosis.skipped).toHaveLength(TABLE_CHECKS.length);
});

test("a fleet whose coordinators all refuse to answer is not sound", () => {
  const missing = "h:1 does not speak TLS: something else listens at this address";
  const diagnosis = diagnose("prod", { ...evidence(), fleet: { missing }, tables: { missing } });
  expect(worst(diagnosis)).toBe("critical");
  expect(diagnosis.findings[0]).toMatchObject({
    check: "fleet.unreachable",
    subject: "prod",
    evidence: missing,
  });
});
