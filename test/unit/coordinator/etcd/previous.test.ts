// The version before an event, for watchers that asked for it: as etcd answers it.

import { expect, test } from "vitest";
import { withPrevious } from "../../../../src/core/coordinator/etcd/watch/previous.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import {
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
} from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, bytes, compact, del, put, shown } from "./key-commands.ts";

function shownOf(space: KeySpace, ...kinds: Parameters<typeof apply>[1][]): string[] {
  const events = apply(space, ...kinds).flatMap((applied) => applied.events);
  return withPrevious(events, space).map(shown);
}

test("a change and a deletion have the version before them, a creation has none", () => {
  const space = new KeySpace();
  expect(shownOf(space, put("a", "1"), put("a", "2"), del("a"), put("a", "3"))).toEqual([
    "2+a=1",
    "3+a=2<1",
    "4-a<2",
    "5+a=3",
  ]);
});

// As etcd, a transaction may put a key that its deletion "from here on" removes.
test("a key that a transaction deletes and creates again is created: there is no version before it", () => {
  const space = new KeySpace();
  apply(space, put("a", "1"));
  const success = [
    RequestOp.fromPartial({
      request: {
        $case: "requestDeleteRange",
        value: DeleteRangeRequest.fromPartial({ key: bytes("a"), rangeEnd: bytes("\0") }),
      },
    }),
    RequestOp.fromPartial({
      request: { $case: "requestPut", value: PutRequest.fromPartial({ key: bytes("a"), value: bytes("2") }) },
    }),
  ];
  const txn = { $case: "txn", value: TxnRequest.fromPartial({ success }) } as const;
  expect(shownOf(space, txn)).toEqual(["3-a<1", "3+a=2"]);
});

test("a version that was compacted is left out", () => {
  const space = new KeySpace();
  const events = apply(space, put("a", "1"), put("a", "2")).flatMap((applied) => applied.events);
  apply(space, compact(3));
  expect(withPrevious(events, space).map(shown)).toEqual(["2+a=1", "3+a=2"]);
});
