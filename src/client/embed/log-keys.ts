// The keys of one log, and what an event of them means. Pure. What must stay true: another program's value under this
// prefix is skipped in the same way by every host; it never stops one.

import type { Event, KeyValue } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import type { Json } from "./coordinator.ts";
import type { KeyRange } from "./store.ts";

const DELETE = 1;
const INDEX_DIGITS = 16;

export type LogEvent =
  | { readonly kind: "operation"; readonly id: string; readonly operation: string; readonly payload: Json }
  | { readonly kind: "completion"; readonly index: number; readonly number: number; readonly result: Json }
  | { readonly kind: "leader"; readonly host: string }
  | { readonly kind: "no-leader" }
  | { readonly kind: "snapshot" };

export interface Placed {
  readonly revision: number;
  /** Of the key's value. */
  readonly bytes: number;
  readonly event: LogEvent;
}

/** The head of a snapshot: its entries, and in how many parts its text is. */
export interface Head {
  readonly index: number;
  readonly parts: number;
}

export class LogKeys {
  readonly #prefix: string;

  constructor(name: string) {
    this.#prefix = `apps/${name}/`;
  }

  get all(): KeyRange {
    return this.#under("");
  }

  get entries(): KeyRange {
    return this.#under("log/");
  }

  get leader(): Uint8Array {
    return this.#key("leader");
  }

  get head(): Uint8Array {
    return this.#key("snapshot/head");
  }

  /** Random, put once: it tells this log from others of its name. */
  get id(): Uint8Array {
    return this.#key("id");
  }

  operation(id: string): Uint8Array {
    return this.#key(`log/operation/${id}`);
  }

  completion(index: number, number: number): Uint8Array {
    return this.#key(`log/completion/${index}/${number}`);
  }

  part(index: number, part: number): Uint8Array {
    return this.#key(`snapshot/part/${padded(index)}/${padded(part)}`);
  }

  /** The parts of all snapshots before this one. */
  partsBefore(index: number): KeyRange {
    return { key: this.#key("snapshot/part/"), rangeEnd: this.#key(`snapshot/part/${padded(index)}`) };
  }

  /** Null: it is no part of the log, or can't be read. */
  read({ type, kv }: Event): Placed | null {
    if (kv === undefined) return null;
    const name = Buffer.from(kv.key).toString();
    if (!name.startsWith(this.#prefix)) return null;
    const event = type === DELETE ? this.#deleted(name) : this.#put(name.slice(this.#prefix.length), kv);
    return event === null ? null : { revision: kv.modRevision, bytes: kv.value.length, event };
  }

  #deleted(name: string): LogEvent | null {
    return name === `${this.#prefix}leader` ? { kind: "no-leader" } : null;
  }

  #put(name: string, { value }: KeyValue): LogEvent | null {
    if (name === "snapshot/head") return { kind: "snapshot" };
    const written = fields(value);
    if (written === null) return null;
    if (name === "leader") {
      return typeof written["host"] === "string" ? { kind: "leader", host: written["host"] } : null;
    }
    const [, kind, first = "", second = ""] =
      /^log\/(operation|completion)\/([^/]+)(?:\/(\d+))?$/.exec(name) ?? [];
    if (kind === "operation") {
      const { operation, payload = null } = written;
      return typeof operation === "string" ? { kind, id: first, operation, payload } : null;
    }
    if (kind !== "completion" || !/^\d+$/.test(first)) return null;
    return { kind, index: Number(first), number: Number(second), result: written["result"] ?? null };
  }

  #key(rest: string): Uint8Array {
    return Buffer.from(this.#prefix + rest);
  }

  #under(rest: string): KeyRange {
    const key = this.#prefix + rest;
    // A slash is followed by 0.
    return { key: Buffer.from(key), rangeEnd: Buffer.from(`${key.slice(0, -1)}0`) };
  }
}

export const encodeFields = (fields: { readonly [name: string]: Json }): Uint8Array =>
  Buffer.from(JSON.stringify(fields));

/** Null: nothing that this build wrote. */
export function readHead(value: Uint8Array): Head | null {
  const { index, parts } = fields(value) ?? {};
  return typeof index === "number" && typeof parts === "number" ? { index, parts } : null;
}

/** Null: nothing that this build wrote. */
export function readId(value: Uint8Array): string | null {
  const { id } = fields(value) ?? {};
  return typeof id === "string" && id !== "" ? id : null;
}

function fields(value: Uint8Array): { readonly [name: string]: Json } | null {
  try {
    const read: unknown = JSON.parse(Buffer.from(value).toString());
    return typeof read === "object" && read !== null && !Array.isArray(read) ? (read as never) : null;
  } catch {
    return null;
  }
}

const padded = (number: number): string => String(number).padStart(INDEX_DIGITS, "0");
