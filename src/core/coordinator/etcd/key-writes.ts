// Writes to the key space, from any member: the leader of its group proposes them, and another member forwards them to
// it, as etcd does. What must stay true: an operation is proposed at most once. So it is tried again only while it is
// certain that no member has proposed it.

import { present } from "../../base/assert.ts";
import type { LogIndex } from "../../base/ids.ts";
import { hasRanges } from "../../kv/check-request.ts";
import { encodeToApply } from "../../kv/command-codec.ts";
import type { Applied } from "../../kv/key-response.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import type { Caller } from "../calls/caller.ts";
import { workerOf } from "../calls/client-work.ts";
import type { EtcdContext, KeyGroup } from "./etcd-context.ts";
import { ETCD_ERRORS, errorOf, errorOfKeys } from "./etcd-errors.ts";
import {
  type Answered,
  type Asked,
  operationAnswer,
  type ResponseTo,
  responseValue,
} from "./forwarded-answer.ts";
import { assertKeyLengths } from "./key-length.ts";
import { assertRoom } from "./key-quota.ts";

/** etcd's default (`--max-request-bytes`). */
export const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;
const LOOK_EVERY_MS = 20;

const ASKED: ReadonlySet<string> = new Set<Asked["$case"]>([
  "put",
  "deleteRange",
  "txn",
  "compaction",
  "leaseGrant",
  "leaseRevoke",
]);

/** What leaves nothing to refuse: an operation of a kind. */
interface SomeOperation extends KeyOperation {
  readonly kind: NonNullable<KeyOperation["kind"]>;
}
type AskedOperation = SomeOperation & { readonly kind: Asked };
export const isAsked = (operation: KeyOperation): operation is AskedOperation =>
  operation.kind !== undefined && ASKED.has(operation.kind.$case);

/** What writes need of the handlers' context. */
export interface WritesContext extends Pick<EtcdContext, "keys" | "want" | "forward" | "time"> {
  readonly fleet: Pick<EtcdContext["fleet"], "clock" | "sleep" | "work"> & {
    readonly disk: Pick<EtcdContext["fleet"]["disk"], "isFull">;
  };
}

export class KeyWrites {
  readonly #context: WritesContext;

  constructor(context: WritesContext) {
    this.#context = context;
  }

  /** Performs the operation. Throws the RpcError of a refusal. `leasesSeenAt`: see lease-access.ts. */
  async write<Case extends Asked["$case"]>(
    kind: Extract<Asked, { $case: Case }>,
    caller: Caller,
    leasesSeenAt = 0,
  ): Promise<ResponseTo<Case>> {
    const operation = { kind, leasesSeenAt };
    const { clock, sleep } = this.#context.fleet;
    for (;;) {
      const keys = this.#context.keys();
      if (keys === null) this.#context.want();
      const answered = keys === null ? null : await this.#tryOnce(keys, operation, caller);
      if (answered !== null) return responseValue(kind.$case, answered.response);
      if (clock.monotonicMs() >= caller.deadline)
        throw keys === null ? ETCD_ERRORS.notCapable : ETCD_ERRORS.timeout;
      await sleep(LOOK_EVERY_MS);
    }
  }

  #tryOnce(keys: KeyGroup, operation: AskedOperation, caller: Caller): Promise<Answered | null> | null {
    const { role, leader } = keys.driver;
    if (role === "leader") return this.propose(keys, operation, caller);
    return leader === 0 ? null : this.#forward(keys, operation, caller);
  }

  /** On the leader. Null: nothing was proposed, since this replica does not lead now. */
  async propose(keys: KeyGroup, operation: SomeOperation, caller: Caller): Promise<Answered | null> {
    const { kind } = operation;
    const { disk, work } = this.#context.fleet;
    assertKeyLengths(kind);
    if (disk.isFull) throw ETCD_ERRORS.noSpace;
    // It looks at very many keys here, and again on each replica.
    const page = readsMany(kind) ? work.page(workerOf(caller.identity)) : null;
    if (page !== null) await page;
    const { space, trust } = keys.machine;
    // With a wrong state it hands leadership over.
    if (trust.isFenced) return null;
    if (!trust.isTrusted) throw ETCD_ERRORS.corrupt;
    if (space !== null) {
      assertRoom(space, kind);
      const wrong = space.checkLooks(kind);
      if (wrong !== null) throw errorOfKeys(wrong);
    }
    const data = encodeToApply({ atMs: this.#context.time.stamp(keys), operations: [operation] });
    if (data.length > REQUEST_BYTES_MAX) throw ETCD_ERRORS.requestTooLarge;
    // A put's work is bounded by its bytes, which the limits of an entry count; others may read very many keys.
    const settled = await keys.driver.propose(data, caller.deadline, kind.$case === "put");
    const turn = work.answer(workerOf(caller.identity));
    if (turn !== null) await turn;
    if (settled.ok) return answerOf(settled.index, settled.result);
    const { refusal } = settled;
    if (refusal === "not-leader" || refusal === "no-leader" || refusal === "transferring") return null;
    throw errorOf(refusal);
  }

  // What was written through this member can be read from it at once, even without a quorum.
  async #forward(keys: KeyGroup, operation: AskedOperation, caller: Caller): Promise<Answered | null> {
    const asked = { $case: "operation", value: operation } as const;
    const response = await this.#context.forward.ask(keys.driver.leader, asked, caller);
    if (response === null) return null;
    const answered = operationAnswer(response);
    if (answered === null) throw ETCD_ERRORS.stopped;
    await keys.driver.waitApplied(answered.index, caller.deadline);
    return answered;
  }
}

function readsMany(kind: SomeOperation["kind"]): boolean {
  if (kind.$case === "deleteRange") return kind.value.rangeEnd.length > 0;
  return kind.$case === "txn" && hasRanges(kind.value);
}

function answerOf(index: LogIndex, [applied]: readonly Applied[]): Answered {
  const { revision, answer } = present(applied, "an entry with one operation has one answer");
  if (!answer.ok) throw errorOfKeys(answer.error);
  return { index, revision, response: answer.response };
}
