// A transaction: comparisons choose a branch, in nested transactions too, before anything runs. Then all operations of
// the chosen branches are checked, and then all run, in order. So a transaction is refused as a whole or runs as a whole.

import { assert } from "../base/assert.ts";
import type {
  PutRequest,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import { holds } from "./compare.ts";
import type { KeyError } from "./key-error.ts";
import { type Leases, NO_LEASE } from "./leases.ts";
import { checkRevision, headerAt, type Readable, type Revisions } from "./range.ts";
import type { ReadBudget } from "./read-budget.ts";
import type { Write } from "./write.ts";

/** A transaction whose branch is chosen. */
export interface Chosen {
  readonly succeeded: boolean;
  readonly operations: readonly RequestOp[];
  /** Of the nested transactions among the operations, in order. */
  readonly nested: readonly Chosen[];
}

/** When the budget is over, the choice means nothing. */
export function choose(history: Readable, txn: TxnRequest, revision: number, budget: ReadBudget): Chosen {
  const succeeded = txn.compare.every((comparison) => holds(history, comparison, revision, budget));
  const operations = succeeded ? txn.success : txn.failure;
  const nested: Chosen[] = [];
  for (const { request } of operations) {
    if (request?.$case === "requestTxn") nested.push(choose(history, request.value, revision, budget));
  }
  return { succeeded, operations, nested };
}

/** Why the chosen operations can't run. All puts are checked before all ranges, as in etcd. */
export function checkChosen(
  history: Readable,
  leases: Pick<Leases, "get">,
  chosen: Chosen,
  revisions: Revisions,
): KeyError | null {
  return (
    firstError(chosen, ({ request }) =>
      request?.$case === "requestPut"
        ? checkPutAgainst(history, leases, request.value, revisions.current)
        : null,
    ) ?? firstError(chosen, (operation) => checkRangeAgainst(operation, revisions))
  );
}

export function run(write: Write, chosen: Chosen): TxnResponse {
  const response = runOperations(write, chosen);
  return { ...response, header: headerAt(write.revision) };
}

/** Outside a transaction a put looks for its lease before its key, as in etcd. */
export function checkPutAlone(
  history: Readable,
  leases: Pick<Leases, "get">,
  request: PutRequest,
  revision: number,
): KeyError | null {
  const { lease } = request;
  if (lease !== NO_LEASE && leases.get(lease) === undefined) return "lease-not-found";
  return checkPutAgainst(history, leases, request, revision);
}

function checkPutAgainst(
  history: Readable,
  leases: Pick<Leases, "get">,
  { key, lease, ignoreValue, ignoreLease }: PutRequest,
  revision: number,
): KeyError | null {
  if ((ignoreValue || ignoreLease) && history.at(key, revision) === null) return "key-not-found";
  return lease !== NO_LEASE && leases.get(lease) === undefined ? "lease-not-found" : null;
}

/** Of the chosen operations, in no particular order. */
export function* putsOf({ operations, nested }: Chosen): Generator<PutRequest, void, undefined> {
  for (const { request } of operations) if (request?.$case === "requestPut") yield request.value;
  for (const inner of nested) yield* putsOf(inner);
}

function checkRangeAgainst({ request }: RequestOp, revisions: Revisions): KeyError | null {
  if (request?.$case !== "requestRange" || request.value.revision === 0) return null;
  // Below zero is "before the compaction" to etcd here, once there was one.
  if (request.value.revision < revisions.compacted) return "compacted";
  return checkRevision(request.value.revision, revisions);
}

function firstError(
  { operations, nested }: Chosen,
  check: (op: RequestOp) => KeyError | null,
): KeyError | null {
  const rest = nested.values();
  for (const operation of operations) {
    const isNested = operation.request?.$case === "requestTxn";
    const wrong = isNested ? firstError(nextOf(rest), check) : check(operation);
    if (wrong !== null) return wrong;
  }
  return null;
}

function nextOf(nested: Iterator<Chosen>): Chosen {
  const { done, value } = nested.next();
  assert(done !== true, "each nested transaction has a chosen branch");
  return value;
}

function runOperations(write: Write, { succeeded, operations, nested }: Chosen): TxnResponse {
  const rest = nested.values();
  const responses = operations.map((operation) => ({ response: runOperation(write, operation, rest) }));
  // Only the outermost transaction's header names a revision, as in etcd.
  return { header: headerAt(0), succeeded, responses };
}

function runOperation(write: Write, { request }: RequestOp, rest: Iterator<Chosen>): ResponseOp["response"] {
  switch (request?.$case) {
    case "requestRange":
      return { $case: "responseRange", value: write.range(request.value) };
    case "requestPut":
      return { $case: "responsePut", value: write.put(request.value) };
    case "requestDeleteRange":
      return { $case: "responseDeleteRange", value: write.deleteRange(request.value) };
    case "requestTxn":
      return { $case: "responseTxn", value: runOperations(write, nextOf(rest)) };
    case undefined:
      return undefined;
  }
}
