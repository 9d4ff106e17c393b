// The log's vocabulary in etcd's messages.

import type { Condition, GuardedWrite, StoredKey } from "../../etcd-log/vocabulary.ts";
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  type TxnRequest,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyValue } from "../../wire/gen/etcd/mvccpb/kv.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

export const storedKey = ({ key, value, createRevision, lease }: KeyValue): StoredKey => ({
  key: decoder.decode(key),
  value,
  created: createRevision,
  lease,
});

/** When a condition fails, the answer has the keys of `view`, read in the same transaction. */
export function txnOf(
  { conditions, puts, erases }: GuardedWrite,
  view: { readonly from: string; readonly end: string },
) {
  const putRequests = puts.map(({ key, value, lease }) => ({
    request: {
      $case: "requestPut" as const,
      value: { key: bytesOf(key), value, ...(lease === undefined ? {} : { lease }) },
    },
  }));
  const deletes = erases.map((key) => ({
    request: { $case: "requestDeleteRange" as const, value: { key: bytesOf(key) } },
  }));
  const look = { key: bytesOf(view.from), rangeEnd: bytesOf(view.end) };
  return {
    compare: conditions.map(compareOf),
    success: [...putRequests, ...deletes],
    failure: [{ request: { $case: "requestRange" as const, value: look } }],
  } satisfies Parameters<(typeof TxnRequest)["fromPartial"]>[0];
}

function compareOf(condition: Condition) {
  const key = bytesOf(condition.key);
  const result = Compare_CompareResult.EQUAL;
  switch (condition.kind) {
    case "equals": {
      const targetUnion = { $case: "value" as const, value: condition.value };
      return { key, result, target: Compare_CompareTarget.VALUE, targetUnion };
    }
    case "absent":
    case "created": {
      const revision = condition.kind === "absent" ? 0 : condition.revision;
      const targetUnion = { $case: "createRevision" as const, value: revision };
      return { key, result, target: Compare_CompareTarget.CREATE, targetUnion };
    }
  }
}
