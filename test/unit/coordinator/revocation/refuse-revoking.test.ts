// Which revocations a leader refuses: of the caller's own certificate, and of so many voters that no quorum is left.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import { refuseRevoking } from "../../../../src/core/coordinator/revocation/refuse-revoking.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { ShownCertificate } from "../../../../src/core/wire/tls/deny-list.ts";
import { identityOfSession } from "../../../../src/core/wire/tls/identity.ts";
import { TestAuthority } from "../../../integration/test-authority.ts";

const NOW_MS = 1_000_000;
const material = { ca: Buffer.alloc(0), cert: Buffer.alloc(0), key: Buffer.alloc(0) };

let authority: TestAuthority;
let raw: Buffer;

beforeAll(async () => {
  authority = await TestAuthority.make();
  await authority.issue("admin", ["fleet://admin"], true, new Date(500_000));
  raw = new X509Certificate(readFileSync(authority.files("admin").cert)).raw;
});
afterAll(() => authority.remove());

interface Fleet {
  readonly voters: readonly number[];
  readonly votersOutgoing?: readonly number[];
  /** By voter: when the certificate begins that it serves; one that is not here is down. */
  readonly shown: Readonly<Record<number, number>>;
  /** Voters that answer, and whose certificate is not learned in time. */
  readonly slow?: readonly number[];
  /** What is revoked already. */
  readonly revoked?: readonly string[];
}

async function refusalOf(subject: string, fleet: Fleet, issuedBeforeMs = 0): Promise<string | null> {
  const certificate = async (id: NodeId): Promise<ShownCertificate | null> => {
    const notBeforeMs = fleet.shown[id];
    if (notBeforeMs === undefined || fleet.slow?.includes(id) === true) return null;
    return { serial: `A${id}`, uri: `fleet://replica/${id}`, notBeforeMs };
  };
  const rows = (fleet.revoked ?? []).map((row) => ({ subject: row, issuedBeforeMs: NOW_MS }));
  const config = {
    voters: fleet.voters.map(nodeId),
    votersOutgoing: (fleet.votersOutgoing ?? []).map(nodeId),
  };
  const context = {
    driver: { role: "leader", status: () => ({ config }) },
    self: nodeId(1),
    answers: (id: NodeId) => fleet.shown[id] !== undefined,
    clock: { wallMs: () => NOW_MS },
    replicas: [],
    servedBy: certificate,
    tls: material,
    machine: { view: { tables: { revocations: { rows: () => rows } } } },
  } as unknown as Parameters<typeof refuseRevoking>[0];
  const socket = {
    destroyed: false,
    getPeerCertificate: () => ({
      subjectaltname: "URI:fleet://admin",
      serialNumber: "0B",
      raw,
    }),
  };
  const identity = identityOfSession({ destroyed: false, socket }, material);
  if (identity === null) throw new Error("the certificate names the administrator");
  const revocation = { subject, issuedBeforeMs, holder: "", endsAtMs: 0 };
  try {
    await refuseRevoking(context, revocation, { identity, deadline: NOW_MS });
    return null;
  } catch (error) {
    return readRpcError(error).reason;
  }
}

const three: Fleet = { voters: [1, 2, 3], shown: { 1: 0, 2: 0, 3: 0 } };

test.each([
  { subject: "B", fleet: three, refused: "REVOKES_CALLER", why: "the caller's own, by its serial number" },
  { subject: "fleet://admin", fleet: three, refused: "REVOKES_CALLER", why: "and by its identity" },
  {
    subject: "fleet://admin",
    before: 499_000,
    fleet: three,
    refused: null,
    why: "older ones of it are not the caller's",
  },
  {
    subject: "fleet://nonsense",
    fleet: three,
    refused: "INVALID_REVOCATION",
    why: "no certificate has that",
  },
  ...["fleet://shard/s1, DNS:x", "fleet://shard/s1, othername:<unsupported>"].map((subject) => ({
    subject,
    fleet: three,
    refused: "INVALID_REVOCATION",
    why: "more than an identity",
  })),
  { subject: "fleet://readonly", fleet: three, refused: null, why: "who has no vote" },
  { subject: "fleet://replica/9", fleet: three, refused: null, why: "a replica that is no voter" },
  { subject: "fleet://replica/2", fleet: three, refused: null, why: "two of three are left" },
  { subject: "A1", fleet: three, refused: null, why: "the leader's own too: two are left" },
  {
    subject: "A2",
    fleet: { voters: [1, 2, 3], shown: { 1: 0, 2: 0 } },
    refused: "REVOCATION_ENDS_QUORUM",
    why: "one is down already",
  },
  {
    subject: "fleet://replica/3",
    fleet: { voters: [1, 2, 3], shown: { 1: 0, 2: 0 } },
    refused: null,
    why: "the one that is down, as two are left",
  },
  {
    subject: "fleet://replica/1",
    fleet: { voters: [1], shown: { 1: 0 } },
    refused: "REVOCATION_ENDS_QUORUM",
    why: "the only one",
  },
  {
    subject: "fleet://replica/1",
    fleet: { voters: [1], shown: { 1: NOW_MS } },
    refused: null,
    why: "the only one, which shows a new certificate",
  },
  {
    subject: "A3",
    fleet: { ...three, revoked: ["A2"] },
    refused: "REVOCATION_ENDS_QUORUM",
    why: "with what is revoked already: that one's connections may be open still",
  },
  {
    subject: "fleet://replica/2",
    fleet: { ...three, shown: { 1: 0, 2: 0 }, revoked: ["A2"] },
    refused: null,
    why: "one that is lost by an earlier revocation is not lost by this one",
  },
  {
    subject: "fleet://shard/s1",
    fleet: { ...three, shown: { 1: 0 }, revoked: ["A2"] },
    refused: null,
    why: "who has no vote, though no quorum is left",
  },
  {
    subject: "A2",
    fleet: { voters: [1, 2, 3], shown: { 1: 0, 2: 0 }, slow: [2] },
    refused: "REVOCATION_ENDS_QUORUM",
    why: "a serial number that may be the one of a voter which answers slowly",
  },
  {
    subject: "fleet://replica/2",
    fleet: { voters: [1, 2, 3], shown: { 1: 0, 2: NOW_MS } },
    refused: null,
    why: "a voter that serves a new certificate, whatever its old connections or a thief's show",
  },
  {
    subject: "A4",
    fleet: { voters: [1, 2, 3], votersOutgoing: [1, 4], shown: { 1: 0, 2: 0, 3: 0, 4: 0 } },
    refused: "REVOCATION_ENDS_QUORUM",
    why: "in a joint configuration both need a quorum",
  },
])("$subject: $why", async ({ subject, fleet, refused, before }) => {
  expect(await refusalOf(subject, fleet, before)).toBe(refused);
});
