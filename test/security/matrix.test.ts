// Who is let in. Malformed, foreign and each kind of known identity × every method of every service of a coordinator
// and a shard. Health, reflection and a path that is no method are included. Real ports, self-made certificates, one
// connection for each identity and server. What a caller may do with what it may call: operators.test.ts and
// roles.test.ts.

import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createAuthority, type PemPair } from "../../src/client/cert/certs.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import { type RunningShard, startShard } from "../../src/core/shard/shard-server.ts";
import { CoordinatorService } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { FaultsService } from "../../src/core/wire/gen/fleet/v1/faults.ts";
import { RaftService } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { ShardService } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { HealthService } from "../../src/core/wire/gen/grpc/health/v1/health.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { ETCD_SERVICES } from "../etcd-services.ts";
import { standardMethods } from "../integration/standard-client.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { plainSettings } from "../plain-settings.ts";
import { callAll } from "./call-all.ts";
import { MALFORMED, uri } from "./malformed-names.ts";
import { oddCertificate } from "./odd-certificates.ts";

const ADMIN = uri("fleet://admin");

/** What TLS turns away, and what the server's log calls it. */
const FOREIGN: Readonly<Record<string, readonly [cause: string, make: () => Promise<PemPair | null>]>> = {
  "no certificate": ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", async () => null],
  expired: ["CERT_HAS_EXPIRED", () => oddCertificate(authority.pair, { names: ADMIN, days: [-3, -1] })],
  "not valid yet": [
    "CERT_NOT_YET_VALID",
    () => oddCertificate(authority.pair, { names: ADMIN, days: [1, 3] }),
  ],
  "of another authority": [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    async () => oddCertificate(await createAuthority("other"), { names: ADMIN }),
  ],
  "of a self-made authority with our authority's name": [
    "CERT_SIGNATURE_FAILURE",
    async () => oddCertificate(await createAuthority("test"), { names: ADMIN }),
  ],
  "a self-made authority itself, with our authority's name": [
    "INVALID_PURPOSE",
    () => createAuthority("test"),
  ],
  "of a leaf, which is no authority": ["PATH_LENGTH_EXCEEDED", () => signedBy(false)],
  "of a leaf that says it is an authority": ["PATH_LENGTH_EXCEEDED", () => signedBy(true)],
  "for servers only": [
    "INVALID_PURPOSE",
    () => oddCertificate(authority.pair, { names: ADMIN, use: "servers" }),
  ],
  "for code only": ["INVALID_PURPOSE", () => oddCertificate(authority.pair, { names: ADMIN, use: "code" })],
};

const KINDS = {
  admin: "fleet://admin",
  readonly: "fleet://readonly",
  operator: "fleet://operator/alice",
  replica: "fleet://replica/1",
  "another replica": "fleet://replica/9",
  shard: "fleet://shard/s1",
  "another shard": "fleet://shard/s2",
  client: "fleet://client/w1",
  cluster: "fleet://cluster/c1",
} as const;
type Kind = keyof typeof KINDS;

const ALL = Object.keys(KINDS) as Kind[];
const WRITERS: readonly Kind[] = ["admin", "operator"];
const READERS: readonly Kind[] = ["admin", "readonly", "operator"];
const REPLICAS: readonly Kind[] = ["replica", "another replica"];
const HEALTH = Object.fromEntries(Object.values(HealthService).map(({ path }) => [path, ALL]));
const STANDARD = Object.fromEntries(standardMethods().map(({ path }) => [path, ALL]));

/** Whom the door lets in, by method. What is behind it says the rest: whether it is this shard, or this cluster. */
const COORDINATOR: Readonly<Record<string, readonly Kind[]>> = {
  GetStatus: ALL.filter((kind) => kind !== "cluster" && kind !== "client"),
  WatchStatus: READERS,
  Submit: WRITERS,
  Write: WRITERS,
  TransferLeadership: WRITERS,
  ChangeMembership: WRITERS,
  FenceReplica: ["admin"],
  GetKeyStatus: READERS,
  RotateKeys: ["admin"],
  WriteGroup: ["admin"],
  CreateGroup: ["admin"],
  ReportShard: ["admin", "shard", "another shard"],
  ListShards: READERS,
  ListClusters: READERS,
  ListDomains: READERS,
  ListAudit: READERS,
  ListProbes: READERS,
  ListQuotas: READERS,
  ListProviders: READERS,
  ListSessions: READERS,
  ListFeatureGates: READERS,
  ListInstructions: READERS,
  ListShortfalls: READERS,
  ListRevocations: READERS,
  ListRoles: READERS,
  ListPlans: READERS,
  ListPlanSteps: READERS,
  CheckAccess: READERS,
  ListMembers: READERS,
  ListGroups: READERS,
  SnapshotSave: READERS,
  Watch: READERS,
  WatchRevocations: ["admin", "shard", "another shard"],
};
const RAFT: Readonly<Record<string, readonly Kind[]>> = {
  Exchange: REPLICAS,
  InstallSnapshot: REPLICAS,
  OfferSnapshot: REPLICAS,
  Rejoin: REPLICAS,
  ForwardKeys: REPLICAS,
};
/** Allowed or not, no other identity learns which faults a replica has. */
const FAULTS: Readonly<Record<string, readonly Kind[]>> = {
  ListFaults: ["admin"],
  InjectFault: ["admin"],
  ClearFaults: ["admin"],
};
const SHARD: Readonly<Record<string, readonly Kind[]>> = { Session: ALL, GetShardStatus: READERS };

const KEY_READERS: readonly Kind[] = [...READERS, "client"];
const KEY_WRITERS: readonly Kind[] = [...WRITERS, "client"];
const ADMIN_ONLY: readonly Kind[] = ["admin"];
/** Of etcd's API; what a client may do with a key is checked behind the door (unit/coordinator/etcd/key-access). */
const ETCD: Readonly<Record<string, readonly Kind[]>> = {
  "etcdserverpb.KV/Range": KEY_READERS,
  "etcdserverpb.KV/Put": KEY_WRITERS,
  "etcdserverpb.KV/DeleteRange": KEY_WRITERS,
  "etcdserverpb.KV/Txn": KEY_WRITERS,
  "etcdserverpb.KV/Compact": ADMIN_ONLY,
  "etcdserverpb.Watch/Watch": KEY_READERS,
  "etcdserverpb.Lease/LeaseGrant": KEY_WRITERS,
  "etcdserverpb.Lease/LeaseRevoke": KEY_WRITERS,
  "etcdserverpb.Lease/LeaseKeepAlive": KEY_WRITERS,
  "etcdserverpb.Lease/LeaseTimeToLive": KEY_READERS,
  "etcdserverpb.Lease/LeaseLeases": KEY_READERS,
  "etcdserverpb.Cluster/MemberList": KEY_READERS,
  "etcdserverpb.Cluster/MemberAdd": WRITERS,
  "etcdserverpb.Cluster/MemberRemove": WRITERS,
  "etcdserverpb.Cluster/MemberUpdate": WRITERS,
  "etcdserverpb.Cluster/MemberPromote": WRITERS,
  "etcdserverpb.Maintenance/Status": KEY_READERS,
  "etcdserverpb.Maintenance/Alarm": READERS,
  "etcdserverpb.Maintenance/Hash": READERS,
  "etcdserverpb.Maintenance/HashKV": READERS,
  "etcdserverpb.Auth/AuthStatus": KEY_READERS,
  "etcdserverpb.Auth/Authenticate": KEY_READERS,
  "v3lockpb.Lock/Lock": KEY_WRITERS,
  "v3lockpb.Lock/Unlock": KEY_WRITERS,
  "v3electionpb.Election/Campaign": KEY_WRITERS,
  "v3electionpb.Election/Proclaim": KEY_WRITERS,
  "v3electionpb.Election/Leader": KEY_READERS,
  "v3electionpb.Election/Observe": KEY_READERS,
  "v3electionpb.Election/Resign": KEY_WRITERS,
};
/** Every other method of these services is for administrators. */
const ETCD_TABLE: Readonly<Record<string, readonly Kind[]>> = Object.fromEntries(
  Object.values(ETCD_SERVICES)
    .flatMap(({ methods }) => Object.values(methods))
    .map(({ path }) => [path, ETCD[path.slice(1)] ?? ADMIN_ONLY]),
);

/** A path that is no method is answered as all others, so that no caller learns of methods by asking. */
const NO_METHODS = ["/fleet.v1.Coordinator/Nothing", "/x", "/"];

const under = (service: string, rows: Readonly<Record<string, readonly Kind[]>>) =>
  Object.fromEntries(Object.entries(rows).map(([name, kinds]) => [`/fleet.v1.${service}/${name}`, kinds]));

const TABLES = {
  coordinator: {
    ...under("Coordinator", COORDINATOR),
    ...under("Raft", RAFT),
    ...under("Faults", FAULTS),
    ...STANDARD,
  },
  shard: { ...under("Shard", SHARD), ...STANDARD },
  etcd: { ...ETCD_TABLE, ...HEALTH },
};

const SERVERS = ["coordinator", "shard", "etcd"] as const;
type Server = (typeof SERVERS)[number];

const warned: { readonly from?: string }[] = [];
const log = { ...silentLog, warn: (_: string, fields: object = {}) => warned.push(fields) };
const deniedFrom = (address: string) => warned.filter(({ from }) => from === address);
const failures: unknown[] = [];

let authority: TestAuthority;
let ca: Buffer;
let coordinator: RunningCoordinator;
let shard: RunningShard;
const addressOf = (server: Server) =>
  server === "etcd"
    ? (coordinator.etcdAddress ?? "")
    : (server === "coordinator" ? coordinator : shard).address;

beforeAll(async () => {
  authority = await TestAuthority.make();
  for (const kind of ["admin", "replica", "shard"] as const) await authority.issue(kind, [KINDS[kind]]);
  ca = readFileSync(authority.files("admin").ca);
  const failing = { ...log, error: (...said: unknown[]) => failures.push(said) };
  coordinator = await startCoordinator({
    ...plainSettings,
    ...{ self: nodeId(1), clusterId: "f1", clusterName: "f1", bootstrap: true },
    replicas: [{ id: nodeId(1), name: "n1", address: "127.0.0.1:1" }],
    ...{ listen: "127.0.0.1:0", dataDirectory: `${authority.folder}/n1`, tls: authority.files("replica") },
    ...{ groups: 0 },
    etcd: { listen: "127.0.0.1:0", isPlaintext: false },
    ...{ version: "test", log: failing, onFatal: (error) => failures.push(error) },
  });
  shard = await startShard({
    ...{ shardId: "s1", coordinators: [], version: "test", log: failing, listen: "127.0.0.1:0" },
    ...{ dataDirectory: `${authority.folder}/s1`, tls: authority.files("shard") },
  });
});
afterAll(async () => {
  await Promise.all([coordinator.close(), shard.close()]);
  await authority.remove();
});

test("the tables hold every method of every service", () => {
  const methods = (service: object) => Object.values(service).map(({ path }: { path: string }) => path);
  const ours = [CoordinatorService, RaftService, FaultsService].flatMap(methods);
  const named = { ...under("Coordinator", COORDINATOR), ...under("Raft", RAFT), ...under("Faults", FAULTS) };
  expect(Object.keys(named).sort()).toEqual(ours.sort());
  expect(Object.keys(ETCD_TABLE)).toEqual(
    expect.arrayContaining(Object.keys(ETCD).map((name) => `/${name}`)),
  );
  expect(Object.keys(under("Shard", SHARD)).sort()).toEqual(methods(ShardService).sort());
});

// First, while the log of refused callers has room for each of them: each comes from an address of its own.
test.each(Object.entries(FOREIGN).map(([what, [cause, make]], at) => ({ what, cause, make, at })))(
  "a certificate $what opens no connection",
  async ({ cause, make, at }) => {
    const pair = await make();
    const from = `127.0.0.${at + 10}`;
    for (const server of SERVERS) {
      const paths = [...Object.keys(TABLES[server]), ...NO_METHODS];
      const answers = await callAll(paths, { address: addressOf(server), ca, pair, from });
      expect(answers).toEqual(Object.fromEntries(paths.map((path) => [path, "closed"])));
      const denied = { reason: "HANDSHAKE_FAILED", identity: "", from, what: cause, times: 1 };
      await expect.poll(() => deniedFrom(from).length).toBe(1);
      expect(deniedFrom(from)).toEqual([denied]);
      warned.length = 0;
    }
  },
);

// Each from an address of its own: one that keeps being refused is answered late (refused-callers.test.ts).
test.each(Object.entries(MALFORMED).map(([what, names], at) => ({ what, names, from: `127.0.1.${at + 1}` })))(
  "$what is no identity, and opens nothing",
  async ({ names, from }) => {
    const commonName = "fleet://admin";
    const pair = await oddCertificate(authority.pair, { commonName, names });
    for (const server of SERVERS) {
      const paths = [...Object.keys(TABLES[server]), ...NO_METHODS];
      const answers = await callAll(paths, { address: addressOf(server), ca, pair, from });
      expect(answers).toEqual(Object.fromEntries(paths.map((path) => [path, "IDENTITY_MISSING"])));
    }
  },
);

test.each(ALL)("%s calls what it may, and nothing else", async (kind) => {
  const pair = await oddCertificate(authority.pair, { names: uri(KINDS[kind]) });
  for (const server of SERVERS) {
    const table = TABLES[server];
    const answers = await callAll(Object.keys(table), { address: addressOf(server), ca, pair });
    const wanted = Object.entries(table).map(([path, kinds]) => [
      path,
      kinds.includes(kind) ? "let in" : "PERMISSION_DENIED",
    ]);
    expect(answers).toEqual(Object.fromEntries(wanted));
  }
});

test("a certificate for clients only, or of no identity, is no server's", async () => {
  const certificates: Record<string, PemPair> = {
    "for clients only": await oddCertificate(authority.pair, {
      ...{ names: uri("fleet://replica/1"), use: "clients" },
    }),
  };
  for (const [what, names] of Object.entries(MALFORMED)) {
    certificates[what] = await oddCertificate(authority.pair, { commonName: "fleet://replica/1", names });
  }
  for (const [what, { certificate, key }] of Object.entries(certificates)) {
    const server = createSecureServer({ cert: certificate, key });
    let calls = 0;
    server.on("stream", (stream) => {
      calls += 1;
      stream.close();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const client = connectCoordinator(loadTls(authority.files("admin")), `127.0.0.1:${port}`);
    const asked = unary(
      client.getStatus.bind(client),
      { hashAtIndex: 0 },
      { endMs: performance.now() + 20_000 },
    );
    await expect(asked, what).rejects.toThrow(
      /shows a certificate of no identity|unsuitable certificate purpose/,
    );
    client.close();
    server.close();
    expect({ what, calls }).toEqual({ what, calls: 0 });
  }
});

test("after all of that both serve, and nothing failed in them", async () => {
  const client = connectCoordinator(loadTls(authority.files("admin")), coordinator.address);
  onTestFinished(() => client.close());
  const limits = { endMs: performance.now() + 20_000 };
  expect(await unary(client.getStatus.bind(client), { hashAtIndex: 0 }, limits)).toMatchObject({
    nodeName: "n1",
  });
  const pair = await oddCertificate(authority.pair, { names: ADMIN });
  const answers = await callAll(["/fleet.v1.Shard/GetShardStatus"], { address: shard.address, ca, pair });
  expect(Object.values(answers)).toEqual(["let in"]);
  expect(failures).toEqual([]);
});

/** A certificate of an administrator that a leaf signed, and the leaf behind it. */
async function signedBy(isAuthority: boolean): Promise<PemPair> {
  const leaf = await oddCertificate(authority.pair, {
    commonName: "leaf",
    names: uri("fleet://shard/s9"),
    isAuthority,
  });
  const { certificate, key } = await oddCertificate(leaf, { names: ADMIN });
  return { certificate: certificate + leaf.certificate, key };
}
