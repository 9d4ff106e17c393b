// The shard's own record on disk: one JSON document, written whole. Pure: text in, values out. A file that
// can't be decoded is refused, never guessed at: a forgotten release would let a cluster be served twice.

import { Exit, OperatorError } from "../base/errors.ts";
import type { Allegiance } from "./allegiance.ts";
import type { Binding, BindingTable, Destination } from "./binding-table.ts";
import type { DomainRecord, DomainTable } from "./domain-table.ts";
import { domainName } from "./domain-table.ts";

// Schema 2 adds domains. A program that knows only schema 1 must refuse the file: it would write it again
// without them.
const SCHEMA_VERSION = 2;

export interface ShardRecord {
  readonly shardId: string;
  /** Rises at each start. */
  readonly epoch: number;
  /** A program that knows only terms drops the incarnation and learns it again. */
  readonly allegiance: Allegiance;
  /**
   * Whether unknown clusters are refused. A program that does not know this field drops it and learns it
   * again.
   */
  readonly draining: boolean;
  readonly bindings: BindingTable;
  readonly domains: DomainTable;
}

export function encodeShardRecord(record: ShardRecord): Uint8Array {
  const bindings = Object.fromEntries(record.bindings);
  const domains = [...record.domains.values()];
  const { allegiance, ...rest } = record;
  const { incarnation, term: coordinatorTerm, givenUp } = allegiance;
  const obeyed = { coordinatorTerm, incarnation, givenUp };
  const document = { schemaVersion: SCHEMA_VERSION, ...rest, ...obeyed, bindings, domains };
  return Buffer.from(`${JSON.stringify(document, null, 1)}\n`);
}

/** Throws an OperatorError that names `path` and the field at fault. */
export function decodeShardRecord(bytes: Uint8Array, path: string): ShardRecord {
  const root = objectAt(parseJson(bytes, path), path, "the document");
  const version = root["schemaVersion"];
  if (version !== 1 && version !== SCHEMA_VERSION) throw unreadable(path, "schemaVersion is neither 1 nor 2");
  const bindings = new Map<string, Binding>();
  for (const [cluster, value] of Object.entries(objectAt(root["bindings"], path, "bindings"))) {
    bindings.set(cluster, bindingAt(value, path, `bindings.${cluster}`));
  }
  return {
    shardId: textAt(root["shardId"], path, "shardId"),
    epoch: countAt(root["epoch"], path, "epoch"),
    allegiance: allegianceAt(root, path),
    draining: root["draining"] === true,
    bindings,
    domains: version === 1 ? new Map() : domainsAt(root["domains"], path, "domains"),
  };
}

// A record of a program from before incarnations has only a term.
function allegianceAt(root: Record<string, unknown>, path: string): Allegiance {
  const { incarnation = null, givenUp = [] } = root;
  const term = countAt(root["coordinatorTerm"], path, "coordinatorTerm");
  if (!Array.isArray(givenUp)) throw unreadable(path, "givenUp is not a list");
  const left = givenUp.map((id: unknown, at) => textAt(id, path, `givenUp[${at}]`));
  if (incarnation === null) return { incarnation, term, givenUp: left };
  const { id, epoch } = objectAt(incarnation, path, "incarnation");
  const obeyed = { id: textAt(id, path, "incarnation.id"), epoch: countAt(epoch, path, "incarnation.epoch") };
  return { incarnation: obeyed, term, givenUp: left };
}

function domainsAt(value: unknown, path: string, field: string): DomainTable {
  if (!Array.isArray(value)) throw unreadable(path, `${field} is not a list`);
  const records = value.map((each: unknown, at) => domainAt(each, path, `${field}[${at}]`));
  return new Map(records.map((record) => [domainName(record), record]));
}

function domainAt(value: unknown, path: string, field: string): DomainRecord {
  const { key, value: part, assigned, sequence } = objectAt(value, path, field);
  if (typeof assigned !== "boolean") throw unreadable(path, `${field}.assigned is neither true nor false`);
  return {
    key: textAt(key, path, `${field}.key`),
    value: textAt(part, path, `${field}.value`),
    assigned,
    sequence: countAt(sequence, path, `${field}.sequence`),
  };
}

function bindingAt(value: unknown, path: string, field: string): Binding {
  const record = objectAt(value, path, field);
  const version = countAt(record["version"], path, `${field}.version`);
  const kind = record["kind"];
  if (kind === "bound") return { kind, version };
  if (kind === "releasing" || kind === "released") {
    return { kind, version, to: destinationAt(record["to"], path, `${field}.to`) };
  }
  throw unreadable(path, `${field}.kind is not one of bound, releasing, released`);
}

function destinationAt(value: unknown, path: string, field: string): Destination {
  const record = objectAt(value, path, field);
  return {
    toShard: textAt(record["toShard"], path, `${field}.toShard`),
    toAddress: textAt(record["toAddress"], path, `${field}.toAddress`),
  };
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw unreadable(path, "it is not JSON", cause);
  }
}

function objectAt(value: unknown, path: string, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unreadable(path, `${field} is not an object`);
  }
  return { ...value };
}

function textAt(value: unknown, path: string, field: string): string {
  if (typeof value !== "string") throw unreadable(path, `${field} is not a text`);
  return value;
}

function countAt(value: unknown, path: string, field: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw unreadable(path, `${field} is not a count`);
  }
  return value;
}

function unreadable(path: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError("SHARD_RECORD_UNREADABLE", {
    what: `the shard's record ${path} cannot be understood`,
    why,
    next: "restore the file; without it the shard could serve clusters that it has released",
    exit: Exit.Failure,
    cause,
  });
}
