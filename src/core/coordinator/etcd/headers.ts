// The header of every answer: which cluster and member answered, at which revision and in which term.

import type { NodeId } from "../../base/ids.ts";
import type { ResponseHeader } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { EtcdContext } from "./etcd-context.ts";

export class Headers {
  readonly #clusterId: string;
  readonly #memberId: string;
  readonly #keys: EtcdContext["keys"];

  constructor(clusterId: string, self: NodeId, keys: EtcdContext["keys"]) {
    this.#clusterId = clusterId;
    this.#memberId = String(self);
    this.#keys = keys;
  }

  /** At the newest revision that this replica has applied. */
  now(): ResponseHeader {
    return this.at(this.#keys()?.machine.space?.currentRevision ?? 0);
  }

  at(revision: number): ResponseHeader {
    const raftTerm = this.#keys()?.driver.term ?? 0;
    return { clusterId: this.#clusterId, memberId: this.#memberId, revision, raftTerm };
  }
}
