// How every node's data folder is encrypted, and new keys for them, one node after another. What must stay
// true: the audit log has each rotation before it happens. A failing node does not hide the results of the
// others.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { AuditFiles, DataKey, KeyStatus } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "../fleet-client.ts";

export interface NodeKeys {
  readonly node: string;
  readonly nodeId: number | null;
  readonly address: string;
  /** `replacing`: files of an earlier key, or plain ones, remain; `unknown`: it did not answer. */
  readonly state: "encrypted" | "replacing" | "plain" | "unknown";
  /** The operator's key that opens it. */
  readonly operatorKey: string | null;
  readonly keys: readonly DataKey[];
  readonly plainSegments: number;
  readonly plainSnapshots: number;
  /**
   * Its exported audit entries, by the operator's key that opens them; empty = plain. They are never
   * encrypted again.
   */
  readonly auditFiles: readonly AuditFiles[];
  /** Whether this command has rotated its key. */
  readonly rotated: boolean;
  readonly error: string | null;
}

export interface KeyReport {
  readonly dryRun: boolean;
  readonly nodes: readonly NodeKeys[];
}

type KeyClient = Pick<FleetClient, "status" | "keyStatus" | "rotateKeys" | "orderNode">;

export async function keyReport(client: Pick<KeyClient, "status" | "keyStatus">): Promise<KeyReport> {
  const { nodes } = await client.status();
  const found = nodes.map(async ({ name, nodeId, address, error }) => {
    const node = { name, nodeId, address };
    return error === null ? await ask(node, () => client.keyStatus(address)) : unknown(node, error);
  });
  return { dryRun: false, nodes: await Promise.all(found) };
}

/** Of all nodes, or of the named ones. Throws NODE_UNKNOWN or NOT_ENCRYPTED with nothing changed. */
export async function rotate(
  client: KeyClient,
  names: readonly string[],
  { reason, dryRun }: { readonly reason: string; readonly dryRun: boolean },
): Promise<KeyReport> {
  const { nodes } = await keyReport(client);
  const missing = names.find((name) => !nodes.some(({ node }) => node === name));
  if (missing !== undefined) throw nodeUnknown(missing, nodes);
  const meant = nodes.filter(({ node }) => names.length === 0 || names.includes(node));
  if (meant.every(({ state }) => state === "plain")) throw notEncrypted();
  if (dryRun) return { dryRun, nodes: meant };
  const done: NodeKeys[] = [];
  for (const node of meant) done.push(node.state === "plain" ? node : await rotateOne(client, node, reason));
  return { dryRun, nodes: done };
}

async function rotateOne(client: KeyClient, found: NodeKeys, reason: string): Promise<NodeKeys> {
  const { node: name, nodeId, address } = found;
  if (found.state === "unknown") return found;
  if (nodeId === null) return found;
  const answer = await ask({ name, nodeId, address }, async () => {
    const order = { $case: "noteKeyRotation", value: { nodeId, name } } as const;
    const { index: entryIndex } = await client.orderNode({ kind: order }, { reason });
    return await client.rotateKeys(address, { nodeName: name, reason, entryIndex });
  });
  return { ...answer, rotated: answer.error === null };
}

interface Node {
  readonly name: string;
  readonly nodeId: number | null;
  readonly address: string;
}

async function ask(node: Node, call: () => Promise<KeyStatus>): Promise<NodeKeys> {
  try {
    const { operatorKey, keys, plainSegments, plainSnapshots, auditFiles, ...status } = await call();
    const { name, nodeId, address } = node;
    const about = { node: name, nodeId, address, keys, plainSegments, plainSnapshots, auditFiles };
    const state = stateOf({ ...status, keys, plainSegments, plainSnapshots, auditFiles });
    return { ...about, state, operatorKey: operatorKey || null, rotated: false, error: null };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return unknown(node, error.message);
  }
}

function stateOf({
  encrypted,
  keys,
  plainSegments,
  plainSnapshots,
  auditFiles,
}: Pick<
  KeyStatus,
  "encrypted" | "keys" | "plainSegments" | "plainSnapshots" | "auditFiles"
>): NodeKeys["state"] {
  if (!encrypted) return "plain";
  const hasPlain = plainSegments + plainSnapshots > 0 || auditFiles.some((of) => of.operatorKey === "");
  return keys.length > 1 || hasPlain ? "replacing" : "encrypted";
}

function unknown({ name, nodeId, address }: Node, error: string): NodeKeys {
  const none = { operatorKey: null, keys: [], plainSegments: 0, plainSnapshots: 0, auditFiles: [] };
  return { node: name, nodeId, address, state: "unknown", ...none, rotated: false, error };
}

function nodeUnknown(name: string, nodes: readonly NodeKeys[]): OperatorError {
  return new OperatorError("NODE_UNKNOWN", {
    what: `there is no node ${name}`,
    next: `name one of: ${nodes.map(({ node }) => node).join(", ")}`,
    exit: Exit.NotFound,
  });
}

function notEncrypted(): OperatorError {
  return new OperatorError("NOT_ENCRYPTED", {
    what: "no data key was rotated: the nodes do not encrypt their data",
    why: "they were started without --encryption-key-file and --encryption-key-command",
    next: "make a key with: fleet key generate --out FILE, and restart each node with it and --encrypt-existing",
    exit: Exit.Precondition,
  });
}
