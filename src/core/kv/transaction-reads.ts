// What the chosen operations of a transaction would read, charged before the first of them runs. What must stay true:
// the charge is at least what running them reads. So a range is charged for earlier puts that it sees, and for the keys
// that its limit reaches when others have been deleted.

import type {
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
} from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import { checkTxn, hasRanges } from "./check-request.ts";
import type { KeyOperationKind } from "./command-codec.ts";
import { concerns, rangeOf } from "./key-bytes.ts";
import type { KeyError } from "./key-error.ts";
import type { Leases } from "./leases.ts";
import { keptOf, measureKeys, type Readable, type Revisions } from "./range.ts";
import { ReadBudget } from "./read-budget.ts";
import { type Chosen, checkChosen, choose } from "./transaction.ts";

type Keys = Pick<DeleteRangeRequest, "key" | "rangeEnd">;
const ONE_KEY = new Uint8Array();
const ONE = { keysMax: 1, keysOnly: false, areDeleted: false };

/** Why the operations would read too much. Their revisions have been checked. */
export function checkReads(
  history: Readable,
  chosen: Chosen,
  revision: number,
  budget: ReadBudget,
): KeyError | null {
  const reads = new Reads(history, revision, budget);
  for (const operation of operationsOf(chosen)) {
    reads.charge(operation);
    if (budget.isOver) return "reads-too-much";
  }
  return null;
}

/**
 * Why an operation should not be proposed: it looks at too many keys, deletes too many bytes of them, or applying would
 * refuse it.
 */
export function checkLooks(
  history: Readable,
  leases: Pick<Leases, "get">,
  revisions: Revisions,
  kind: KeyOperationKind,
): KeyError | null {
  switch (kind.$case) {
    case "txn":
      return hasRanges(kind.value) ? checkLooksOfTxn(history, leases, revisions, kind.value) : null;
    case "deleteRange": {
      const budget = ReadBudget.ofDeletion();
      measureDeletion(history, kind.value, revisions.current, budget);
      return budget.isOver ? "reads-too-much" : null;
    }
    case "put":
    case "compaction":
    case "leaseGrant":
    case "leaseRevoke":
    case "leaseTerm":
    case "leaseExpiry":
    case "retention":
      return null;
  }
}

function checkLooksOfTxn(
  history: Readable,
  leases: Pick<Leases, "get">,
  revisions: Revisions,
  request: TxnRequest,
): KeyError | null {
  const wrong = checkTxn(request);
  if (wrong !== null) return wrong;
  const budget = ReadBudget.ofAdmission();
  const chosen = choose(history, request, revisions.current, budget);
  if (budget.isOver) return "reads-too-much";
  return (
    checkChosen(history, leases, chosen, revisions) ?? checkReads(history, chosen, revisions.current, budget)
  );
}

/** A deletion without `prev_kv` answers a number. */
export function measureDeletion(
  history: Readable,
  { key, rangeEnd, prevKv }: DeleteRangeRequest,
  revision: number,
  budget: ReadBudget,
): void {
  measureKeys(
    history,
    { key, rangeEnd },
    revision,
    { keysMax: prevKv ? Number.POSITIVE_INFINITY : 0, keysOnly: false, areDeleted: true },
    budget,
  );
}

class Reads {
  readonly #history: Readable;
  /** Before the transaction. */
  readonly #revision: number;
  readonly #budget: ReadBudget;
  // Of the operations so far.
  readonly #puts: PutRequest[] = [];
  #deleted = 0;

  constructor(history: Readable, revision: number, budget: ReadBudget) {
    this.#history = history;
    this.#revision = revision;
    this.#budget = budget;
  }

  charge({ request }: RequestOp): void {
    const budget = this.#budget;
    // The operation's own answer.
    budget.keep(0);
    if (request?.$case === "requestRange") {
      const { value } = request;
      const isNow = value.revision <= 0;
      const kept = keptOf(value);
      const keysMax = kept.keysMax + (isNow && !value.countOnly ? this.#deleted : 0);
      measureKeys(
        this.#history,
        value,
        isNow ? this.#revision : value.revision,
        { ...kept, keysMax },
        budget,
      );
      if (isNow && !value.countOnly) this.#chargePuts(value);
    } else if (request?.$case === "requestPut") {
      const { key, prevKv } = request.value;
      if (prevKv) measureKeys(this.#history, { key, rangeEnd: ONE_KEY }, this.#revision, ONE, budget);
      this.#puts.push(request.value);
    } else if (request?.$case === "requestDeleteRange") {
      const before = budget.visited;
      measureDeletion(this.#history, request.value, this.#revision, budget);
      this.#deleted += budget.visited - before;
      if (request.value.prevKv) this.#chargePuts(request.value);
    }
  }

  #chargePuts({ key, rangeEnd }: Keys): void {
    const range = rangeOf(key, rangeEnd);
    for (const put of this.#puts) {
      if (concerns(key, range, put.key)) this.#budget.keep(put.key.length + put.value.length);
    }
  }
}

/** In the order in which they run. */
function* operationsOf({ operations, nested }: Chosen): Generator<RequestOp, void, undefined> {
  const rest = nested.values();
  for (const operation of operations) {
    yield operation;
    if (operation.request?.$case !== "requestTxn") continue;
    const { value } = rest.next();
    if (value !== undefined) yield* operationsOf(value);
  }
}
