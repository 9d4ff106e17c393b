// Whether a caller may write all keys of a lease. A lease ends with all of its keys, so a caller that may not write one of
// them can't revoke it. As in etcd, such a caller may not attach a key to it either: a stranger's key would keep the
// lease's holder from revoking it. The check comes before the write, in a confirmed read. So the write names the revision
// of that read, and is refused if a key was attached since; then the keys are checked again (ADR-0067).

import { leasesOf } from "../../kv/named-leases.ts";
import type { Caller } from "../calls/caller.ts";
import { type ClientWork, workerOf } from "../calls/client-work.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { Asked, ResponseTo } from "./forwarded-answer.ts";
import type { KeyAccess } from "./key-access.ts";
import type { KeyReads } from "./key-reads.ts";
import type { KeyWrites } from "./key-writes.ts";

/** Keys of a lease that are checked in one turn. */
const TURN_KEYS = 256;

export class LeaseAccess {
  readonly #work: Pick<ClientWork, "answer">;
  readonly #reads: Pick<KeyReads, "confirmed">;
  readonly #access: Pick<KeyAccess, "checkWrite">;
  readonly #writes: Pick<KeyWrites, "write">;

  constructor(
    work: Pick<ClientWork, "answer">,
    reads: Pick<KeyReads, "confirmed">,
    access: Pick<KeyAccess, "checkWrite">,
    writes: Pick<KeyWrites, "write">,
  ) {
    this.#work = work;
    this.#reads = reads;
    this.#access = access;
    this.#writes = writes;
  }

  /** Performs the operation if its caller may write all keys of the leases that it names. Throws an RpcError. */
  async write<Case extends Asked["$case"]>(
    kind: Extract<Asked, { $case: Case }>,
    caller: Caller,
  ): Promise<ResponseTo<Case>> {
    for (;;) {
      const seenAt = await this.#checkKeys(kind, caller);
      try {
        return await this.#writes.write(kind, caller, seenAt);
      } catch (error) {
        // Both end by the caller's deadline.
        if (error !== ETCD_ERRORS.leaseChanged) throw error;
      }
    }
  }

  /** Returns the revision at which it saw the keys; 0: there was nothing to check. A missing lease has no keys. */
  async #checkKeys(kind: Asked, caller: Caller): Promise<number> {
    const { identity } = caller;
    if (identity.kind === "admin") return 0;
    const leases = leasesOf(kind);
    if (leases.size === 0) return 0;
    const space = await this.#reads.confirmed(caller);
    const seenAt = space.currentRevision;
    // Copied at once, since the key space may change between turns.
    const keys = [...leases].map((lease) => space.leases.unsortedKeysOf(lease));
    let checked = 0;
    for (const key of keys.flat()) {
      this.#access.checkWrite(identity, Buffer.from(key, "latin1"));
      checked += 1;
      if (checked % TURN_KEYS === 0) await this.#work.answer(workerOf(identity));
    }
    return seenAt;
  }
}
