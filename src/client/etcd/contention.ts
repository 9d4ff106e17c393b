// Who holds a lock or leads an election, and for whom the others wait. The rule is that of clientv3/concurrency, so
// etcdctl lock and elect join the same queue. Each contender has a key NAME/LEASE, which its lease deletes. What must
// stay true: the key that was created first holds, so the tokens of successive holders increase. Pure.

export interface Contender {
  readonly key: Uint8Array;
  /** The store's revision when the key was created: the contender's place in the queue, and its fencing token. */
  readonly createRevision: number;
}

export type Standing =
  /** The own key is not there: its lease ended, or another client deleted it. */
  | { readonly kind: "gone" }
  | { readonly kind: "holds"; readonly token: number }
  /** Each waits for the one just before it, so that a release wakes one waiter and not all. */
  | { readonly kind: "waits"; readonly behind: Contender };

/** All keys of a lock or election called `name` begin with this. */
export const contentionPrefix = (name: string): Uint8Array => Buffer.from(`${name}/`);

/** The key of the contender with this lease, in hexadecimal. */
export const contenderKey = (name: string, lease: string): Uint8Array => Buffer.from(`${name}/${lease}`);

/** `contenders`: at least the own key, and the newest that is older. */
export function standingOf(ownKey: Uint8Array, contenders: readonly Contender[]): Standing {
  const own = contenders.find(({ key }) => Buffer.compare(key, ownKey) === 0);
  if (own === undefined) return { kind: "gone" };
  const older = contenders.filter(({ createRevision }) => createRevision < own.createRevision);
  if (older.length === 0) return { kind: "holds", token: own.createRevision };
  return {
    kind: "waits",
    behind: older.reduce((newest, each) => (each.createRevision > newest.createRevision ? each : newest)),
  };
}

/**
 * When a holder must begin to end its work, so that it is over before the lease can end. Ending takes at most
 * `graceMs`.
 */
export const endsWorkAtMs = (lastsUntilMs: number, graceMs: number): number => lastsUntilMs - graceMs;

/** How often a lease is renewed: three attempts fail before its work must end. */
export const renewEveryMs = (ttlMs: number, graceMs: number): number => Math.floor((ttlMs - graceMs) / 3);
