import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { ClientWork } from "../../../../src/core/coordinator/calls/client-work.ts";
import type { EtcdContext } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { KeyReads } from "../../../../src/core/coordinator/etcd/key-reads.ts";
import type { Refusal } from "../../../../src/core/coordinator/group/pending.ts";
import { ADMIN } from "./key-store.ts";

const DEADLINE_MS = 200;
const space = {};

/** Reads of a replica whose confirmations come to these refusals, one after the other, and then succeed. */
function readsAfter(refusals: readonly Refusal[]) {
  let nowMs = 0;
  let asked = 0;
  const driver = {
    leader: 1,
    readIndex: async () => {
      const refusal = refusals[asked];
      asked += 1;
      return refusal === undefined ? { ok: true, index: 1 } : { ok: false, refusal };
    },
  };
  const sleep = async (ms: number) => {
    nowMs += ms;
  };
  const fleet = { clock: { monotonicMs: () => nowMs }, sleep, work: { answer: () => null } };
  const keys = () => ({ driver, machine: { space } });
  const reads = new KeyReads({ fleet, keys } as unknown as EtcdContext);
  return { read: reads.confirmed({ identity: ADMIN, deadline: DEADLINE_MS }), asked: () => asked };
}

test("a read whose leader is lost while it waits is confirmed by the next one", async () => {
  const { read, asked } = readsAfter(["no-leader", "no-leader"]);
  expect(await read).toBe(space);
  expect(asked()).toBe(3);
});

test("without a leader it ends at its deadline, as with etcd", async () => {
  const { read } = readsAfter(Array.from({ length: 100 }, () => "no-leader" as const));
  await expect(read).rejects.toBe(ETCD_ERRORS.timeout);
});

test("many keys are read in turn, and one key at once, also when hundreds of reads are ready in one moment", async () => {
  const passes: (() => void)[] = [];
  const work = new ClientWork({
    now: () => 0,
    nextPass: (run) => void passes.push(run),
    after: () => undefined,
  });
  const keys = () => ({ machine: { space } });
  const reads = new KeyReads({ fleet: { work }, keys } as unknown as EtcdContext);
  let done = 0;
  for (let at = 0; at < 200; at += 1)
    void reads.forMany({ identity: ADMIN, deadline: DEADLINE_MS }).then(() => (done += 1));
  await nextPass();
  expect(done).toBe(1);
  expect(reads.here()).toBe(space);
  for (const pass of passes.splice(0)) pass();
  await nextPass();
  expect(done, "the others follow in later passes, as time allows").toBe(200);
});

test("reads that are confirmed in one moment take what they want in turn, as long as there is time", async () => {
  const passes: (() => void)[] = [];
  let nowMs = 0;
  const loop = {
    now: () => nowMs,
    nextPass: (run: () => void) => void passes.push(run),
    after: () => undefined,
  };
  const fleet = { work: new ClientWork(loop), clock: { monotonicMs: () => nowMs } };
  const driver = { leader: 1, readIndex: async () => ({ ok: true, index: 1 }) };
  const context = { fleet, keys: () => ({ driver, machine: { space } }) };
  const reads = new KeyReads(context as unknown as EtcdContext);
  let done = 0;
  for (let at = 0; at < 100; at += 1) {
    const taken = reads.read({ identity: { kind: "client", id: "w" }, deadline: 1_000 }, () => {
      nowMs += 2;
      done += 1;
    });
    void taken;
  }
  await nextPass();
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(10);
  for (let turns = 0; turns < 100 && done < 100; turns += 1) {
    for (const pass of passes.splice(0)) pass();
    await nextPass();
  }
  expect(done).toBe(100);
});

test("of reads of many keys, each of which takes long, a pass of the event loop has one", async () => {
  let [nowMs, pass] = [0, 0];
  const nextOne = (run: () => void) =>
    void setImmediate(() => {
      pass += 1;
      run();
    });
  const work = new ClientWork({ now: () => nowMs, nextPass: nextOne, after: (_, run) => nextOne(run) });
  const reads = new KeyReads({
    fleet: { work },
    keys: () => ({ machine: { space } }),
  } as unknown as EtcdContext);
  const readIn: number[] = [];
  const read = async () => {
    await reads.forMany({ identity: { kind: "client", id: "w" }, deadline: 1_000 });
    nowMs += 20;
    readIn.push(pass);
  };
  await Promise.all(Array.from({ length: 12 }, read));
  expect(new Set(readIn).size).toBe(12);
});

test("what no other leader would answer otherwise is refused at once", async () => {
  const { read, asked } = readsAfter(["too-many-reads"]);
  await expect(read).rejects.toBe(ETCD_ERRORS.tooManyRequests);
  expect(asked()).toBe(1);
});
