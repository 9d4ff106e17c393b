// manifest.json: what an exported snapshot is, so that it can be checked and judged without reading its bytes.

import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";

const SCHEMA_VERSION = 1;
const TEXTS = ["clusterId", "clusterName", "stateHash", "sha256", "fleetVersion"] as const;
const COUNTS = ["index", "term", "bytes", "atMs", "auditFirst", "auditLast"] as const;

export type ParsedManifest =
  | { readonly ok: true; readonly manifest: SnapshotManifest }
  | { readonly ok: false; readonly problem: string };

export function encodeManifest(manifest: SnapshotManifest): Uint8Array {
  const time = new Date(manifest.atMs).toISOString();
  const text = JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...manifest, time }, null, 2);
  return new TextEncoder().encode(`${text}\n`);
}

export function parseManifest(bytes: Uint8Array): ParsedManifest {
  const fields = parseObject(new TextDecoder().decode(bytes));
  if (fields === null) return { ok: false, problem: "its manifest is not JSON" };
  const { schemaVersion } = fields;
  if (schemaVersion !== SCHEMA_VERSION) {
    const problem = `its manifest has schema ${String(schemaVersion)}, this version reads ${SCHEMA_VERSION}`;
    return { ok: false, problem };
  }
  const wrong =
    TEXTS.find((key) => typeof fields[key] !== "string") ?? COUNTS.find((key) => !isCount(fields[key]));
  if (wrong !== undefined) return { ok: false, problem: `its manifest has no usable ${wrong}` };
  const members = parseMembers(fields["members"]);
  if (members === null) return { ok: false, problem: "its manifest has no usable members" };
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
      // Absent in those of builds that recorded none.
      ...(isCount(fields["epoch"]) ? { epoch: Number(fields["epoch"]) } : {}),
    },
  };
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

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
