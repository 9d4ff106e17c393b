// manifest.json describes an exported snapshot, so that it can be checked and judged without reading its
// bytes.

import { sealedExportBytes } from "../seal/sealed-export.ts";
import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";

const SCHEMA_VERSION = 1;
/**
 * The schema of an encrypted snapshot: builds that do not know encryption refuse it because of this number.
 */
const ENCRYPTED_SCHEMA_VERSION = 2;
const TEXTS = ["clusterId", "clusterName", "stateHash", "sha256", "fleetVersion"] as const;
const COUNTS = ["index", "term", "bytes", "atMs", "auditFirst", "auditLast"] as const;
/** The last moment of the year 9999: a name has four digits for the year. */
const DATE_MS_MAX = 253_402_300_799_999;

/**
 * A snapshot's manifest in a store. `bytes` and `sha256` describe the plain state, even if it is stored
 * encrypted.
 */
export interface StoredManifest extends SnapshotManifest {
  /** The operator's key that opens it; absent = it is not encrypted. */
  readonly encryption?: { readonly operatorKey: string };
  /** Of the replica that wrote it; absent = an operator saved it, or the fleet has no TLS. */
  readonly signature?: ManifestSignature;
}

/** The fields of a replica's certificate by which it can be revoked. */
export interface Signer {
  readonly serial: string;
  readonly uri: string;
  readonly notBeforeMs: number;
}

export interface ManifestSignature {
  /** The signer's certificates, PEM: its own first. */
  readonly certificate: string;
  /** In base64. */
  readonly value: string;
  /** Whose signatures this one replaced, the first one first. Absent: none. */
  readonly earlier?: readonly Signer[];
}

export type ParsedManifest =
  | { readonly ok: true; readonly manifest: StoredManifest }
  | { readonly ok: false; readonly problem: string };

export function encodeManifest(manifest: StoredManifest): Uint8Array {
  const time = new Date(manifest.atMs).toISOString();
  const schemaVersion = manifest.encryption === undefined ? SCHEMA_VERSION : ENCRYPTED_SCHEMA_VERSION;
  const text = JSON.stringify({ schemaVersion, ...manifest, time }, null, 2);
  return new TextEncoder().encode(`${text}\n`);
}

export function parseManifest(bytes: Uint8Array): ParsedManifest {
  const fields = parseObject(new TextDecoder().decode(bytes));
  if (fields === null) return { ok: false, problem: "its manifest is not JSON" };
  const { schemaVersion } = fields;
  if (schemaVersion !== SCHEMA_VERSION && schemaVersion !== ENCRYPTED_SCHEMA_VERSION) {
    const known = `this version reads up to ${ENCRYPTED_SCHEMA_VERSION}`;
    return { ok: false, problem: `its manifest has schema ${String(schemaVersion)}, ${known}` };
  }
  const { operatorKey }: Readonly<Record<string, unknown>> = { ...Object(fields["encryption"]) };
  if ((schemaVersion === ENCRYPTED_SCHEMA_VERSION) !== (typeof operatorKey === "string"))
    return { ok: false, problem: "its manifest has no usable encryption" };
  const wrong =
    TEXTS.find((key) => typeof fields[key] !== "string") ?? COUNTS.find((key) => !isCount(fields[key]));
  if (wrong !== undefined) return { ok: false, problem: `its manifest has no usable ${wrong}` };
  if (Number(fields["atMs"]) > DATE_MS_MAX) return { ok: false, problem: "its manifest has no usable atMs" };
  const members = parseMembers(fields["members"]);
  if (members === null) return { ok: false, problem: "its manifest has no usable members" };
  const signature = parseSignature(fields["signature"]);
  const text = (key: (typeof TEXTS)[number]) => String(fields[key]);
  const count = (key: (typeof COUNTS)[number]) => Number(fields[key]);
  return {
    ok: true,
    manifest: {
      clusterId: text("clusterId"),
      clusterName: text("clusterName"),
      index: count("index"),
      term: count("term"),
      stateHash: text("stateHash"),
      bytes: count("bytes"),
      sha256: text("sha256"),
      members,
      atMs: count("atMs"),
      fleetVersion: text("fleetVersion"),
      auditFirst: count("auditFirst"),
      auditLast: count("auditLast"),
      // Absent in manifests of builds that recorded none.
      ...(isCount(fields["epoch"]) ? { epoch: Number(fields["epoch"]) } : {}),
      ...(typeof operatorKey === "string" ? { encryption: { operatorKey } } : {}),
      ...(signature === null ? {} : { signature }),
    },
  };
}

/** Null when the object in the store has the size that follows from this manifest. */
export function storedSizeProblem(manifest: StoredManifest, bytes: number): string | null {
  if (manifest.encryption === undefined) return sizeProblem(manifest, bytes);
  const expected = sealedExportBytes(manifest.bytes);
  return bytes === expected
    ? null
    : `it has ${bytes} bytes; by its manifest it has ${expected} when encrypted`;
}

/** Null when the snapshot has as many bytes as its manifest says. */
export function sizeProblem(manifest: SnapshotManifest, bytes: number): string | null {
  return bytes === manifest.bytes ? null : `it has ${bytes} bytes, its manifest says ${manifest.bytes}`;
}

function parseMembers(value: unknown): SnapshotManifest["members"] | null {
  if (!Array.isArray(value)) return null;
  const members = value.map((item: unknown) => {
    const { nodeId, name, address, learner }: Readonly<Record<string, unknown>> = { ...Object(item) };
    const isWhole =
      isCount(nodeId) &&
      typeof name === "string" &&
      typeof address === "string" &&
      typeof learner === "boolean";
    return isWhole ? { nodeId: Number(nodeId), name, address, learner } : null;
  });
  return members.every((member) => member !== null) ? members : null;
}

/** An unusable one counts as none: the manifest is then no replica's. */
function parseSignature(value: unknown): ManifestSignature | null {
  const { certificate, value: text, earlier }: Readonly<Record<string, unknown>> = { ...Object(value) };
  if (typeof certificate !== "string" || typeof text !== "string") return null;
  if (earlier === undefined) return { certificate, value: text };
  const signers = parseEarlier(earlier);
  return signers === null ? null : { certificate, value: text, earlier: signers };
}

function parseEarlier(value: unknown): readonly Signer[] | null {
  if (!Array.isArray(value)) return null;
  const signers = value.map((item: unknown) => {
    const { serial, uri, notBeforeMs }: Readonly<Record<string, unknown>> = { ...Object(item) };
    const isWhole = typeof serial === "string" && typeof uri === "string" && isCount(notBeforeMs);
    return isWhole ? { serial, uri, notBeforeMs: Number(notBeforeMs) } : null;
  });
  return signers.every((signer) => signer !== null) ? signers : null;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
