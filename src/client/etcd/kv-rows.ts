// Keys of etcd's API as rows of reports: bytes in base64 as etcdctl's JSON has them, revisions and ids as texts. Pure.
import type { KeyValue } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import { leaseName } from "./lease-id.ts";

export interface KvRow {
  /** Base64. */
  readonly key: string;
  /** Base64; empty for a list of keys only. */
  readonly value: string;
  readonly createRevision: string;
  readonly modRevision: string;
  readonly version: string;
  /** Hexadecimal; null: no lease. */
  readonly lease: string | null;
}

export function kvRow({ key, value, createRevision, modRevision, version, lease }: KeyValue): KvRow {
  return {
    key: Buffer.from(key).toString("base64"),
    value: Buffer.from(value).toString("base64"),
    createRevision: String(createRevision),
    modRevision: String(modRevision),
    version: String(version),
    lease: lease === "0" ? null : leaseName(lease),
  };
}
