// Follows a process's TLS files while it runs: a renewed certificate or authority applies to every later
// connection. What must stay true: new files are ignored in three cases. They do not belong together, they
// name another identity, or they are not valid now while the present ones are. If the certificate in use
// ends, the log says so, because no caller could connect to learn it. The contents are read, not watched:
// Kubernetes swaps a link far from the file, and a time stamp is too coarse to distinguish two writes.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { systemClock, type WallMs } from "../../base/clock.ts";
import { Exit, messageOf, OperatorError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { AUTHORITY_KINDS, type Authorities, type ByAuthority } from "./authorities.ts";
import { daysLeft, endsSoon } from "./certificate-age.ts";
import { DenyList } from "./deny-list.ts";
import { requireOwnAuthority } from "./holder.ts";
import {
  checkTls,
  leafOf,
  loadTls,
  mapAuthorities,
  type OlderTls,
  type TlsChoice,
  type TlsContents,
  type TlsFiles,
  type TlsMaterial,
} from "./tls.ts";
import { endOf, invalidity, RENEWAL, type Validity, validityOf } from "./validity.ts";

const LOOK_EVERY_MS = 1_000;

export interface FollowedTls {
  readonly tls: LiveTls | "insecure-loopback";
  close(): void;
}

/** Loads the files like `loadTls`, and follows them until closed. */
export function followTls(choice: TlsChoice, log: Log, lookEveryMs = LOOK_EVERY_MS): FollowedTls {
  if (choice === "insecure-loopback") return { tls: choice, close: () => undefined };
  const tls = new LiveTls(choice, log);
  const timer = setInterval(() => void tls.look(), lookEveryMs);
  timer.unref();
  return { tls, close: () => clearInterval(timer) };
}

export class LiveTls implements TlsMaterial {
  readonly denyList = new DenyList();
  readonly #files: TlsFiles;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  readonly #wallMs: () => WallMs;
  #now: TlsMaterial;
  #validity: Validity;
  /** The last logged state of the certificate's end. */
  #told: "nothing" | "ends soon" | "invalid" = "nothing";
  /** The contents that were read last. */
  #seen = "";
  /** Whether those contents were refused, and whether that was logged. */
  #isRefused: "no" | "unsaid" | "said" = "no";
  #refusal = "";
  #isLooking = false;

  constructor(files: TlsFiles, log: Log, wallMs: () => WallMs = systemClock.wallMs) {
    this.#files = files;
    this.#log = log;
    this.#wallMs = wallMs;
    this.#now = loadTls(files);
    this.#validity = validityOf(this.#now, files);
    this.#tellOfEnd();
  }

  get ca(): Buffer {
    return this.#now.ca;
  }

  get cert(): Buffer {
    return this.#now.cert;
  }

  get key(): Buffer {
    return this.#now.key;
  }

  get authorities(): Authorities | undefined {
    return this.#now.authorities;
  }

  get minVersion(): OlderTls | undefined {
    return this.#now.minVersion;
  }

  get refusal(): string {
    return this.#refusal;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the files and applies changes. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#take(await this.#read());
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#tellOfEnd();
      this.#isLooking = false;
    }
  }

  async #read(): Promise<TlsContents> {
    const { ca, cert, key, authorities = {} } = this.#files;
    const [caPem, certPem, keyPem] = await Promise.all([readFile(ca), readFile(cert), readFile(key)]);
    const own = mapAuthorities(authorities, (path) => readFile(path));
    await Promise.all(Object.values(own));
    const pairs = await Promise.all(
      Object.entries(own).map(async ([kind, pem]) => [kind, await pem] as const),
    );
    return { ca: caPem, cert: certPem, key: keyPem, authorities: Object.fromEntries(pairs) };
  }

  #take(found: TlsContents): void {
    const seen = digest(found, found.authorities);
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#isRefused = "no";
    } else if (this.#isRefused === "no") return;
    const wanted = checkTls(found, this.#files);
    assertSameHolder(this.#now, wanted, this.#files);
    requireOwnAuthority(wanted, this.#files);
    const validity = validityOf(wanted, this.#files);
    const fault = invalidity(validity, this.#wallMs());
    if (fault !== null && this.#fault() === null) throw fault;
    // Contents that OpenSSL refuses would disable every server's port.
    createSecureContext({ ca: wanted.ca, cert: wanted.cert, key: wanted.key });
    this.#isRefused = "no";
    this.#refusal = "";
    const now = this.#now;
    if (digest(wanted, wanted.authorities?.files) === digest(now, now.authorities?.files)) return;
    this.#now = wanted;
    this.#validity = validity;
    this.#told = "nothing";
    for (const listener of this.#listeners) listener();
    const { serialNumber, validTo, subjectAltName } = leafOf(wanted);
    this.#log.info("certificates were renewed; new connections use them", {
      ...{ cert: this.#files.cert, serial: serialNumber, notAfter: validTo, names: subjectAltName },
    });
  }

  // Files that are being replaced one by one do not match for a moment: only a lasting mismatch is logged.
  #refuse(error: unknown): void {
    if (this.#isRefused === "no") {
      this.#isRefused = "unsaid";
      return;
    }
    if (this.#isRefused === "said") return;
    this.#isRefused = "said";
    const message = messageOf(error);
    this.#refusal = message;
    this.#log.error("the new certificate files cannot be used; the old ones stay in use", {
      ...{ error: message, ...(error instanceof OperatorError ? adviceOf(error) : {}) },
    });
  }

  /** Why the certificates in use are not valid now; null when they are. */
  #fault(): OperatorError | null {
    return invalidity(this.#validity, this.#wallMs());
  }

  #tellOfEnd(): void {
    const fault = this.#fault();
    const { of, atMs } = endOf(this.#validity, this.#wallMs());
    const days = daysLeft(atMs, this.#wallMs());
    const now = fault !== null ? "invalid" : endsSoon(days) ? "ends soon" : "nothing";
    if (now === this.#told) return;
    this.#told = now;
    if (fault !== null) {
      this.#log.error("the certificate in use is not valid: others refuse this process", {
        ...{ error: fault.message, ...adviceOf(fault) },
      });
    } else if (now === "ends soon") {
      this.#log.warn("the certificate in use ends soon", {
        ...{ ends: of, notAfter: new Date(atMs).toISOString(), daysLeft: days, next: RENEWAL },
      });
    }
  }
}

const adviceOf = ({ parts: { why, next } }: OperatorError) => ({ why, next });

function assertSameHolder(now: TlsMaterial, wanted: TlsMaterial, files: TlsFiles): void {
  const [before, after] = [leafOf(now), leafOf(wanted)].map((leaf) => namedUris(leaf.subjectAltName ?? ""));
  if (before === after) return;
  throw new OperatorError("TLS_HOLDER_CHANGED", {
    what: `${files.cert} names ${after || "no identity"}, and this process is ${before || "without an identity"}`,
    why: "a running process keeps its identity",
    next: "put its own certificate back, or restart the process",
    exit: Exit.Authentication,
  });
}

const namedUris = (names: string): string => (names.match(/URI:[^,]+/g) ?? []).join(" ");

function digest(
  { ca, cert, key }: Pick<TlsContents, "ca" | "cert" | "key">,
  authorities: ByAuthority<Buffer> = {},
): string {
  const hash = createHash("sha256");
  const own = AUTHORITY_KINDS.map((kind) => authorities[kind] ?? Buffer.alloc(0));
  for (const pem of [ca, cert, key, ...own]) hash.update(String(pem.length)).update(" ").update(pem);
  return hash.digest("hex");
}
