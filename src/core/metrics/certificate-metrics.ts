// When the certificates of a process expire, read from its files. The process uses the content of these
// files. If it refused them (wire/tls/live-tls.ts), it would use them after a restart. A file may hold several
// certificates: a chain, or two authorities during a rotation. Then the first to expire counts, because from
// then on some connections are refused. A folder of agents' certificates holds thousands, so they are read
// now and then, not with every scrape.

import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { certificateBlocks } from "../base/pem.ts";
import type { Exposition } from "./exposition.ts";

const READ_EVERY_MS = 60_000;

/** The authority's, or the process's own. */
type CertificateKind = "ca" | "cert";

export interface CertificateFile {
  readonly kind: CertificateKind;
  readonly path: string;
}

export type FindCertificates = () => Promise<readonly CertificateFile[]>;

/** All certificates of a folder; `ca.crt` is the authority's. */
export async function certificatesIn(folder: string): Promise<CertificateFile[]> {
  const names = await readdir(folder).catch(() => []);
  const found = names.filter((name) => name.endsWith(".crt"));
  return found.map((name) => ({ kind: name === "ca.crt" ? "ca" : "cert", path: join(folder, name) }));
}

export class CertificateMetrics {
  readonly #find: FindCertificates;
  readonly #now: () => number;
  #expiries: ReadonlyMap<CertificateKind, number> = new Map();
  #readAtMs: number | null = null;

  constructor(find: FindCertificates, now: () => number = () => performance.now()) {
    this.#find = find;
    this.#now = now;
  }

  async collect(into: Exposition): Promise<void> {
    if (this.#readAtMs === null || this.#now() - this.#readAtMs >= READ_EVERY_MS) {
      this.#expiries = await firstExpiries(await this.#find());
      this.#readAtMs = this.#now();
    }
    for (const [file, seconds] of this.#expiries) {
      into.set("fleet_certificate_expiry_timestamp_seconds", seconds, { file });
    }
  }
}

async function firstExpiries(files: readonly CertificateFile[]): Promise<Map<CertificateKind, number>> {
  const first = new Map<CertificateKind, number>();
  for (const { kind, path } of files) {
    const seconds = await expiryOf(path);
    if (seconds !== null) first.set(kind, Math.min(first.get(kind) ?? seconds, seconds));
  }
  return first;
}

/** Null for a file that can't be read: its user reports that; here the time is unknown. */
async function expiryOf(path: string): Promise<number | null> {
  try {
    const blocks = certificateBlocks(await readFile(path, "latin1"));
    if (blocks.length === 0) return null;
    return Math.min(...blocks.map((pem) => new X509Certificate(pem).validToDate.getTime())) / 1000;
  } catch {
    return null;
  }
}
