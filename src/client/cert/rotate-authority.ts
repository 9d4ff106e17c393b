// `fleet cert rotate --ca`: changes the authority under running processes, in three stages. All trust both
// (bundle); all present a certificate of the new one (leaves); none trusts the old one any more (drop). What
// must stay true: a stage starts only once every running process is proven to be at the one before. The
// present stage is read from the files, so the same command continues an interrupted change.
import { readFile, rm } from "node:fs/promises";
import { present } from "../../core/base/assert.ts";
import { createDirectoryDurably, syncDirectory } from "../../core/base/durable-file.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { ifAbsent } from "../../core/base/system-error.ts";
import { leafOf, loadTls, type TlsMaterial } from "../../core/wire/tls/tls.ts";
import {
  ADMIN,
  authorityFiles,
  certsFolder,
  clusterTls,
  holderTls,
  lockPath,
  nextAuthorityFiles,
  rotationFolder,
} from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { KEY_MODE, PUBLIC_MODE } from "../files/modes.ts";
import { withLock } from "../processes/lock.ts";
import { isSignedBy, readAuthority } from "./authority.ts";
import { createAuthority, type PemPair } from "./certs.ts";
import { type Holder, holdersOf, renewalFor } from "./holders.ts";
import { untilProven } from "./proof.ts";
import { keep, writeText } from "./replace-pair.ts";
import { keptFolder, type RotateDeps, type RotationReport, replaceAll, serversOf } from "./rotate.ts";

const STAGES = ["bundle", "leaves", "drop"] as const;
export type Stage = (typeof STAGES)[number];

/** Runs the remaining stages up to `last`. Throws ROTATION_NOT_IN_FORCE between two of them. */
export async function rotateAuthority(
  fleet: LocalFleet,
  last: Stage,
  deps: RotateDeps,
): Promise<RotationReport> {
  if (fleet.file.authorities !== undefined) throw separate();
  const rotation = new AuthorityRotation(fleet, deps);
  for (const stage of STAGES.slice(0, STAGES.indexOf(last) + 1)) await rotation.reach(stage);
  return rotation.report(last);
}

class AuthorityRotation {
  readonly #fleet: LocalFleet;
  readonly #deps: RotateDeps;
  readonly #kept: string;
  #rotated: readonly string[] = [];
  #down: readonly string[] = [];

  constructor(fleet: LocalFleet, deps: RotateDeps) {
    this.#fleet = fleet;
    this.#deps = deps;
    this.#kept = keptFolder(fleet.directory, deps);
  }

  async reach(stage: Stage): Promise<void> {
    const { directory } = this.#fleet;
    const change = () => this.#change(stage);
    await withLock(lockPath(directory), this.#deps, change);
    await this.#prove(stage);
  }

  report(stage: Stage): RotationReport {
    const { directory, file } = this.#fleet;
    return {
      ...{ name: file.name, directory, rotated: this.#rotated, kept: this.#kept, down: this.#down, stage },
    };
  }

  async #change(stage: Stage): Promise<void> {
    const { onProgress } = this.#deps;
    switch (stage) {
      case "bundle":
        onProgress("bundle: every process trusts the old and the new authority");
        return this.#bundle();
      case "leaves":
        onProgress("leaves: every process gets a certificate of the new authority");
        return this.#leaves();
      case "drop":
        onProgress("drop: no process trusts the old authority");
        return this.#drop();
    }
  }

  async #bundle(): Promise<void> {
    const { directory, file } = this.#fleet;
    const next =
      (await readNext(directory)) ?? (await this.#makeNext(`${file.name} authority ${file.clusterId}`));
    const { trusted } = await readAuthority(authorityFiles(directory));
    await this.#trust([...new Set([...trusted, next.certificate])]);
  }

  async #leaves(): Promise<void> {
    const { directory } = this.#fleet;
    const next = await this.#next();
    const { pair } = await readAuthority(authorityFiles(directory));
    const { key } = authorityFiles(directory);
    if (pair.certificate !== next.certificate) {
      await keep([key], this.#kept);
      await writeText(key, next.key, KEY_MODE);
    }
    const left = this.#holders().filter((holder) => !isOf(holder, next));
    await replaceAll(left, async () => next, this.#kept, this.#deps);
    this.#rotated = left.map((holder) => holder.name);
  }

  async #drop(): Promise<void> {
    const { directory } = this.#fleet;
    const next = await this.#next();
    await this.#trust([next.certificate]);
    await rm(rotationFolder(directory), { recursive: true });
    await syncDirectory(certsFolder(directory));
  }

  async #prove(stage: Stage): Promise<void> {
    const { directory } = this.#fleet;
    const servers = serversOf(this.#fleet);
    const admin = loadTls(holderTls(directory, ADMIN));
    const { pair } = await readAuthority(authorityFiles(directory));
    switch (stage) {
      case "bundle": {
        const probe = await this.#probe(admin, (await readNext(directory)) ?? pair);
        this.#down = await untilProven(servers, probe, "trust the new authority", () => true);
        return;
      }
      case "leaves":
      case "drop": {
        const isNew: Parameters<typeof untilProven>[3] = (_, { leaf }) =>
          leaf !== null && isSignedBy(leaf, pair.certificate);
        this.#down = await untilProven(servers, admin, "show a certificate of the new authority", isNew);
        return;
      }
    }
  }

  /** A certificate that is accepted only by processes that trust the new authority; only in memory. */
  async #probe(admin: TlsMaterial, next: PemPair): Promise<TlsMaterial> {
    const { directory, file } = this.#fleet;
    const holder = present(holdersOf(directory, file)[0], "a fleet has an administrator");
    const { certificate, key } = await renewalFor(holder, next, 1);
    return { ca: admin.ca, cert: Buffer.from(certificate), key: Buffer.from(key) };
  }

  // The certificate last: without it there is no next authority, and its key is made anew.
  async #makeNext(name: string): Promise<PemPair> {
    const { directory } = this.#fleet;
    const next = await createAuthority(`${name} ${new Date(this.#deps.now()).toISOString()}`);
    const files = nextAuthorityFiles(directory);
    await createDirectoryDurably(rotationFolder(directory));
    await writeText(files.key, next.key, KEY_MODE);
    await writeText(files.cert, next.certificate, PUBLIC_MODE);
    return next;
  }

  async #trust(certificates: readonly string[]): Promise<void> {
    const { directory } = this.#fleet;
    const files = [authorityFiles(directory).cert, clusterTls(directory, ADMIN).ca];
    const text = certificates.join("");
    for (const path of files) {
      // One of the two may have been written before an interruption.
      if ((await readFile(path, "utf8")) === text) continue;
      await keep([path], this.#kept);
      await writeText(path, text, PUBLIC_MODE);
    }
  }

  async #next(): Promise<PemPair> {
    const next = await readNext(this.#fleet.directory);
    if (next !== null) return next;
    throw new OperatorError("ROTATION_NOT_BEGUN", {
      what: "no rotation of the authority is in progress",
      next: "start one: fleet cert rotate --ca",
      exit: Exit.Precondition,
    });
  }

  #holders(): Holder[] {
    return holdersOf(this.#fleet.directory, this.#fleet.file);
  }
}

function separate(): OperatorError {
  return new OperatorError("AUTHORITIES_SEPARATE", {
    what: "--ca replaces the one authority of a fleet, and this fleet has one for each kind of identity",
    next: "rotate one of them by hand, in three stages: docs/certificates.md, A new authority",
    exit: Exit.Precondition,
  });
}

async function readNext(directory: string): Promise<PemPair | null> {
  const files = nextAuthorityFiles(directory);
  const both = Promise.all([readFile(files.cert, "utf8"), readFile(files.key, "utf8")]);
  return await both.then(([certificate, key]) => ({ certificate, key }), ifAbsent(null));
}

function isOf({ files }: Holder, authority: PemPair): boolean {
  try {
    return isSignedBy(leafOf(loadTls(files)), authority.certificate);
  } catch {
    // An unusable pair is replaced like an old one.
    return false;
  }
}
