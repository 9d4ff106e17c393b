// Operations on a key space, for tests.

import { KNOWN_KEY_FORMAT } from "../../../../src/core/kv/command-codec.ts";
import type { Applied } from "../../../../src/core/kv/key-response.ts";
import type { KeySpace } from "../../../../src/core/kv/key-space.ts";
import {
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
} from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../../../src/core/wire/gen/etcd/mvccpb/kv.ts";
import type { KeyOperation } from "../../../../src/core/wire/gen/fleet/v1/key_command.ts";

type Kind = NonNullable<KeyOperation["kind"]>;

export const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

export function apply(space: KeySpace, ...kinds: readonly Kind[]): readonly Applied[] {
  return space.apply({
    ...{ format: KNOWN_KEY_FORMAT, atMs: 1_000 },
    operations: kinds.map((kind) => ({ kind, leasesSeenAt: 0 })),
  });
}

export const put = (key: string, value: string, lease = "0"): Kind => ({
  $case: "put",
  value: PutRequest.fromPartial({ key: bytes(key), value: bytes(value), lease }),
});

export const del = (key: string, rangeEnd = ""): Kind => ({
  $case: "deleteRange",
  value: DeleteRangeRequest.fromPartial({ key: bytes(key), rangeEnd: bytes(rangeEnd) }),
});

export const compact = (revision: number): Kind => ({
  $case: "compaction",
  value: CompactionRequest.fromPartial({ revision }),
});

/** "2+a=1" for a put, "3-a" for a deletion. */
export function shown({ type, kv, prevKv }: Event): string {
  const key = Buffer.from(kv?.key ?? []).toString("latin1");
  const value = Buffer.from(kv?.value ?? []).toString("latin1");
  const before = prevKv === undefined ? "" : `<${Buffer.from(prevKv.value).toString("latin1")}`;
  return type === 1 ? `${kv?.modRevision}-${key}${before}` : `${kv?.modRevision}+${key}=${value}${before}`;
}
