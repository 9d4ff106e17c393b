// Whether a caller may write all keys of a lease. A lease ends with all of its keys, so a caller that may not write one of
// them can't revoke it. As in etcd, such a caller may not attach a key to it either: a stranger's key would keep the
// lease's holder from revoking it. What remains: the check comes before the write, in a confirmed read. A key that is
// attached between the two is not seen. A check at apply would not help: the two groups have no common order (ADR-0047).

import type { LeaseId } from "../../kv/leases.ts";
import type { Caller } from "../calls/caller.ts";
import { type ClientWork, workerOf } from "../calls/client-work.ts";
import type { KeyAccess } from "./key-access.ts";
import type { KeyReads } from "./key-reads.ts";

/** Keys of a lease that are checked in one turn. */
const TURN_KEYS = 256;

export class LeaseAccess {
  readonly #work: Pick<ClientWork, "answer">;
  readonly #reads: Pick<KeyReads, "confirmed">;
  readonly #access: Pick<KeyAccess, "checkWrite">;

  constructor(
    work: Pick<ClientWork, "answer">,
    reads: Pick<KeyReads, "confirmed">,
    access: Pick<KeyAccess, "checkWrite">,
  ) {
    this.#work = work;
    this.#reads = reads;
    this.#access = access;
  }

  /** Throws the RpcError of a missing permission. A lease that does not exist has no keys. */
  async checkKeys(leases: ReadonlySet<LeaseId>, caller: Caller): Promise<void> {
    const { identity } = caller;
    if (leases.size === 0 || identity.kind === "admin") return;
    const space = await this.#reads.confirmed(caller);
    // Copied at once, since the key space may change between turns.
    const keys = [...leases].map((lease) => space.leases.unsortedKeysOf(lease));
    let checked = 0;
    for (const key of keys.flat()) {
      this.#access.checkWrite(identity, Buffer.from(key, "latin1"));
      checked += 1;
      if (checked % TURN_KEYS === 0) await this.#work.answer(workerOf(identity));
    }
  }
}
