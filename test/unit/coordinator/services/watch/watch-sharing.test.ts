// A change is encoded once, however many watch it (issue 10: each watcher filtered and encoded its own copy).

import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watching } from "../../../../../src/core/coordinator/services/watch/watch.ts";
import { encodeWatchResponse } from "../../../../../src/core/coordinator/services/watch/watch-encoding.ts";
import { wholeOf } from "../../../../../src/core/storage/chunks.ts";
import {
  TableChange,
  WatchRequest,
  WatchResponse,
} from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { WatchReset, WatchTable } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { type Member, registerShard, TestGroup } from "../../group.ts";
import { restoreWhole } from "../../restore-whole.ts";
import { contextOf } from "../../service-context.ts";

let group: TestGroup;
let leader: Member;
const calls: EncodingCall[] = [];
beforeEach(async () => {
  group = new TestGroup(3);
  leader = await group.leader();
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const call of calls.splice(0)) call.emit("close");
  group.close();
});

/** Encodes what it is told at once, as grpc-js does. */
class EncodingCall extends EventEmitter {
  readonly told: { readonly bytes: Buffer; readonly response: WatchResponse }[] = [];
  readonly cancelled = false;
  writableNeedDrain = false;
  readonly request: WatchRequest;

  constructor(afterRevision: number, tables: readonly WatchTable[]) {
    super();
    this.request = WatchRequest.fromPartial({ afterRevision, tables: [...tables] });
  }

  write(response: WatchResponse): boolean {
    this.told.push({ bytes: encodeWatchResponse(response), response });
    return true;
  }

  get changes(): readonly TableChange[] {
    return this.told.flatMap(({ bytes }) => WatchResponse.decode(bytes).changes);
  }
}

const SESSIONS = [WatchTable.SHARDS, WatchTable.AUDIT, WatchTable.CLIENT_SESSIONS];

async function watchers(
  count: number,
  tables: (at: number) => readonly WatchTable[],
): Promise<EncodingCall[]> {
  const watch = watching(contextOf(group, leader));
  const begun = Array.from({ length: count }, async (_, at) => {
    const call = new EncodingCall(leader.driver.appliedIndex, tables(at));
    calls.push(call);
    const caller = { identity: { kind: "admin" } as const, deadline: group.nowMs + 5_000 };
    await watch(call as never, caller);
    return call;
  });
  const started = await group.until(Promise.all(begun));
  await group.run(1);
  return started;
}

test("100 watchers of the same tables: each change is encoded once", async () => {
  const started = await watchers(100, () => []);
  const encode = vi.spyOn(TableChange, "encode");
  for (const shard of ["s1", "s2", "s3"]) await group.propose(leader, registerShard(shard));
  await group.run(2);
  const [first, ...others] = started;
  const told = first?.changes ?? [];
  expect(told.map(({ key }) => key)).toEqual(expect.arrayContaining([["s1"], ["s2"], ["s3"]]));
  for (const other of others) expect(other.changes).toEqual(told);
  expect(encode.mock.calls.length).toBe(told.length);
});

test("watchers of different tables share the changes that both watch", async () => {
  const started = await watchers(100, (at) => (at % 2 === 0 ? [WatchTable.SHARDS] : SESSIONS));
  const encode = vi.spyOn(TableChange, "encode");
  await group.propose(leader, registerShard("s1"));
  await group.run(2);
  const tablesOf = (call: EncodingCall | undefined) => call?.changes.map(({ table }) => table);
  expect(tablesOf(started[0])).toEqual([WatchTable.SHARDS]);
  expect(tablesOf(started[1])).toEqual([WatchTable.SHARDS, WatchTable.AUDIT]);
  expect(encode.mock.calls.length).toBe(2);
});

test("a watcher that does not read is told the same later", async () => {
  const [quick, slow] = await watchers(2, () => []);
  if (slow !== undefined) slow.writableNeedDrain = true;
  for (const shard of ["s1", "s2"]) await group.propose(leader, registerShard(shard));
  await group.run(2);
  if (slow !== undefined) slow.writableNeedDrain = false;
  slow?.emit("drain");
  await group.run(1);
  expect(slow?.changes).toEqual(quick?.changes);
  expect(slow?.changes).not.toEqual([]);
});

test("what is told has the generated encoder's bytes", async () => {
  const [call] = await watchers(1, () => SESSIONS);
  for (const shard of ["s1", "s2"]) await group.propose(leader, registerShard(shard));
  await group.run(2);
  const state = await wholeOf(leader.machine.capture()());
  restoreWhole(leader.machine, leader.driver.appliedIndex, state);
  await group.run(1);
  const told = call?.told ?? [];
  expect(told.length).toBeGreaterThan(2);
  for (const { bytes, response } of told) {
    expect(bytes.equals(WatchResponse.encode(response).finish())).toBe(true);
  }
  const reset = {
    revision: 7,
    changes: [],
    reset: true,
    resetReason: WatchReset.FORGOTTEN,
    incarnation: "i",
  };
  expect(encodeWatchResponse(reset).equals(WatchResponse.encode(reset).finish())).toBe(true);
});
