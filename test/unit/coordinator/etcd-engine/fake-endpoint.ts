// An endpoint of etcd without a network, for tests of the store: its answers are what the test says, one for each call.

import { EventEmitter } from "node:events";
import type { EtcdEndpoint } from "../../../../src/core/coordinator/etcd-engine/etcd-endpoint.ts";
import type { RangeResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";

type Done = (error: unknown, answer?: unknown) => void;

export class FakeEndpoint {
  readonly address: string;
  /** What the calls are answered with; an error rejects. */
  readonly answers: unknown[];
  readonly requests: unknown[] = [];
  readonly deadlines: number[] = [];

  constructor(address: string, answers: unknown[]) {
    this.address = address;
    this.answers = answers;
  }

  get endpoint(): EtcdEndpoint {
    const call = (request: unknown, _metadata: unknown, { deadline }: { deadline: number }, done: Done) => {
      this.requests.push(request);
      this.deadlines.push(Number(deadline));
      const answer = this.answers.shift();
      if (answer instanceof Error) done(answer);
      else done(null, answer);
    };
    const kv = { range: call, compact: call, txn: call };
    const lease = {
      leaseKeepAlive: (_metadata: unknown, { deadline }: { deadline: number }) => this.#silent(deadline),
    };
    return { address: this.address, kv, lease, watch: {}, close: () => undefined } as never;
  }

  /** A stream on which nothing comes until its deadline. */
  #silent(deadline: number): EventEmitter {
    this.deadlines.push(Number(deadline));
    const stream = Object.assign(new EventEmitter(), { write: () => true, cancel: () => undefined });
    queueMicrotask(() => stream.emit("error", new Error("deadline exceeded")));
    return stream;
  }
}

export function rangeOf(
  clusterId: string,
  revision: number,
  kvs: readonly { readonly key: string; readonly value: Uint8Array }[] = [],
): RangeResponse {
  const stored = kvs.map(({ key, value }) => ({
    key: Buffer.from(key),
    value,
    createRevision: 1,
    lease: "0",
  }));
  return { header: { clusterId, revision, memberId: "1", raftTerm: "1" }, kvs: stored } as never;
}
