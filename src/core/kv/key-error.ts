// Why an operation on the key space was refused. A closed union: etcd's codes and texts for it are made where
// answers are sent. No words here, because answers are part of the replicated state's behaviour (ADR-0015).

export type KeyError =
  | "empty-key"
  | "key-not-found"
  | "value-provided"
  | "lease-provided"
  | "too-many-operations"
  | "duplicate-key"
  | "compacted"
  | "future-revision"
  | "lease-not-found"
  | "lease-exists"
  | "lease-ttl-too-large"
  // These three are not etcd's. A key was attached to a lease after the caller's right to write its keys was checked.
  | "lease-changed"
  | "too-many-leases"
  | "too-many-keys-of-lease"
  // Not etcd's: the retention window needs more history than the limit. A later attempt may succeed.
  | "history-full"
  // Not etcd's: another rule of retention came first (`retention.ts`).
  | "retention-changed"
  // Not etcd's: what a transaction or a deletion would read is more than it may (`read-budget.ts`).
  | "reads-too-much"
  // Not etcd's: the same of a read.
  | "answer-too-large"
  // Not etcd's: a command without an operation.
  | "operation-unknown";

export interface Refused {
  readonly ok: false;
  readonly error: KeyError;
}

export function refused(error: KeyError): Refused {
  return { ok: false, error };
}
