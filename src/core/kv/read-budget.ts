// What one request may read. Every replica builds a transaction's answer while it applies the entry. An answer larger
// than the memory would end every member, and again at each replay. What must stay true: equal key spaces charge the
// same. So only keys that exist count, and nothing that depends on what compactions have freed so far.
//
// But looking at a key that does not exist takes time as well: it was deleted, or created later. So what is proposed or
// only read is checked by `ofAdmission` first, which counts those too.

/** Beside its bytes: a key of an answer is an object with two views. */
const KEPT_BYTES = 256;
/** An answer must also fit into the largest message (`MESSAGE_BYTES_MAX`). */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/**
 * Some ten milliseconds of every replica, which answers no heartbeat meanwhile. A deletion of so many keys takes some 0.3 s:
 * 500 000 took 12 s on a busy machine, and an election.
 */
const TRANSACTION_KEYS_MAX = 100_000;

/**
 * Keys that are deleted are copied and hashed in one turn: some 0.1 s on each replica. So 100 000 keys of 300 bytes are
 * deleted at once, and of keys of 4 KiB only 8 000.
 */
const DELETED_BYTES_MAX = 32 * 1024 * 1024;

/** Looking at one that does not exist makes no object, and takes about a tenth of the time. */
const ABSENT_PART = 1 / 10;

/** What of the keys that are looked at becomes objects. */
export interface Kept {
  /** So many of the first ones. */
  readonly keysMax: number;
  readonly keysOnly: boolean;
  /** Whether all of them are deleted. */
  readonly areDeleted: boolean;
}

interface Counts {
  readonly absent: boolean;
  /** Not while applying: entries of earlier builds delete more. */
  readonly deletedBytes: boolean;
}

export class ReadBudget {
  /** Whether each key that is looked at counts, and not only those of the answer. */
  readonly countsKeys: boolean;
  readonly #keysMax: number;
  readonly #counts: Counts;
  #visited = 0;
  #absent = 0;
  #bytesLeft = ANSWER_BYTES_MAX;
  #deletedLeft = DELETED_BYTES_MAX;

  private constructor(keysMax: number, counts: Counts = { absent: false, deletedBytes: false }) {
    this.#keysMax = keysMax;
    this.#counts = counts;
    this.countsKeys = keysMax !== Number.POSITIVE_INFINITY;
  }

  /** For one pass over the keys of a range: as many as there are. */
  static ofRange(): ReadBudget {
    return new ReadBudget(Number.POSITIVE_INFINITY);
  }

  /** For all passes of a transaction together, and for a deletion. */
  static ofTransaction(): ReadBudget {
    return new ReadBudget(TRANSACTION_KEYS_MAX);
  }

  /** As `ofTransaction`, with the keys that do not exist. Replicas may differ in these, so applying never asks it. */
  static ofAdmission(): ReadBudget {
    return new ReadBudget(TRANSACTION_KEYS_MAX, { absent: true, deletedBytes: true });
  }

  /** For a deletion before it is proposed. */
  static ofDeletion(): ReadBudget {
    return new ReadBudget(TRANSACTION_KEYS_MAX, { absent: false, deletedBytes: true });
  }

  get isOver(): boolean {
    return (
      this.#visited + this.#absent * ABSENT_PART > this.#keysMax ||
      Math.min(this.#bytesLeft, this.#deletedLeft) < 0
    );
  }

  /** Keys so far that exist. */
  get visited(): number {
    return this.#visited;
  }

  /** One key is looked at. */
  visit(): void {
    this.#visited += 1;
  }

  /** A key of a range is looked at, and does not exist at the revision. */
  visitAbsent(): void {
    if (this.#counts.absent) this.#absent += 1;
  }

  /** A key of a range, of so many bytes, is deleted. */
  delete(bytes: number): void {
    if (this.#counts.deletedBytes) this.#deletedLeft -= bytes;
  }

  /** A part of the answer has so many bytes. */
  keep(bytes: number): void {
    this.#bytesLeft -= bytes + KEPT_BYTES;
  }

  /** A value of so many bytes is compared. */
  compare(bytes: number): void {
    this.#bytesLeft -= bytes;
  }
}
