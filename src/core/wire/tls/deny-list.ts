// Which certificates this process refuses although the authority signed them (ADR-0026): some by their serial
// number, and of some identities those issued before a moment. What must stay true: a list replaces another
// as a whole, in one step, and owners of connections are notified in the same turn. Absent: where lists come
// from.

/** The fields of a certificate that are compared. */
export interface ShownCertificate {
  /** In the form of `canonicalSerial`. */
  readonly serial: string;
  /** Its one URI, such as fleet://shard/s1. */
  readonly uri: string;
  readonly notBeforeMs: number;
}

export interface Denial {
  /** A serial number, or an identity. */
  readonly subject: string;
  /** For an identity: its certificates with an earlier notBefore are refused. */
  readonly issuedBeforeMs: number;
}

const NOTHING: ReadonlyMap<string, number> = new Map();

export class DenyList {
  readonly #listeners = new Set<() => void>();
  #bySubject = NOTHING;

  get size(): number {
    return this.#bySubject.size;
  }

  replace(denials: Iterable<Denial>): void {
    this.#bySubject = new Map([...denials].map(({ subject, issuedBeforeMs }) => [subject, issuedBeforeMs]));
    for (const listener of [...this.#listeners]) listener();
  }

  denies({ serial, uri, notBeforeMs }: ShownCertificate): boolean {
    if (this.#bySubject.size === 0) return false;
    return (
      this.#bySubject.has(serial) || notBeforeMs < (this.#bySubject.get(uri) ?? Number.NEGATIVE_INFINITY)
    );
  }

  /** Calls `listener` after every change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** RFC 5280, 4.1.2.2: a positive number of at most 20 bytes. In the form of `canonicalSerial`. */
export function isUsualSerial(serial: string): boolean {
  return /^[1-9A-F][0-9A-F]{0,39}$/.test(serial);
}

/**
 * A serial number in the form for comparisons: people write it with colons, in lower case or with leading
 * zeros.
 */
export function canonicalSerial(text: string): string {
  return text.replaceAll(":", "").toUpperCase().replace(/^0+/, "");
}
