// A counter behind a lock whose holder is paused beyond its lease, on a fleet and on an etcd. Jepsen's analysis of
// etcd 3.4.3 showed that a lock alone protects nothing. Without fencing an increment is lost on either; with fencing
// none is.

import { present } from "../../src/core/base/assert.ts";
import { call } from "../integration/etcd-clients.ts";
import { rangeRequest, text } from "../unit/kv/operations.ts";
import { HolderProcess, type LockHolder } from "./lock-holder.ts";
import type { CaseResult } from "./report.ts";
import { clientsOf, type Subject } from "./subject.ts";

const ROUNDS = 3;
/** In each round two processes add one. */
const INCREMENTS = 2 * ROUNDS;

export async function runLocks(subject: Subject, isFenced: boolean): Promise<CaseResult> {
  const [lock, counter] = [`lock-${isFenced}`, `counter-${isFenced}`];
  for (let round = 0; round < ROUNDS; round += 1) {
    const endpoint = present(subject.endpoints[round % subject.endpoints.length], "there are members");
    await pausedBeyondItsLease({ endpoint, tls: subject.tls, lock, counter, isFenced });
  }
  const counted = await countIn(subject, counter);
  const wanted = isFenced ? INCREMENTS : INCREMENTS - ROUNDS;
  return {
    name: `${subject.name}, ${isFenced ? "with fencing: no increment is lost" : "without fencing: the paused holder overwrites an increment"}`,
    outcome: counted === wanted ? "passed" : "failed",
    detail: `${INCREMENTS} acknowledged, the counter is ${counted}`,
  };
}

/** One holder is paused between its read and its write, until another has had the lock. */
async function pausedBeyondItsLease(holder: LockHolder): Promise<void> {
  const paused = new HolderProcess(holder);
  const started = [paused];
  try {
    await paused.until("read");
    paused.pause();
    const other = new HolderProcess(holder);
    started.push(other);
    // Once the lease of the paused one has expired.
    await other.until("read");
    other.write();
    await other.until("done");
    paused.write();
    paused.resume();
    if (holder.isFenced) {
      // Its write was refused: it took the lock again.
      await paused.until("read");
      paused.write();
    }
    await paused.until("done");
  } finally {
    await Promise.all(started.map((each) => each.end()));
  }
}

async function countIn(subject: Subject, counter: string): Promise<number> {
  const members = clientsOf(subject);
  try {
    const { kv } = present(members[0], "there are members");
    const { kvs } = await call(kv.range.bind(kv), rangeRequest(counter));
    return kvs[0] === undefined ? 0 : Number(text(kvs[0].value));
  } finally {
    for (const clients of members) clients.close();
  }
}
