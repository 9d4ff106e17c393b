// The deny-list of a process, in memory and on its disk, so that it is enforced from the first handshake
// after a restart (ADR-0026). What must stay true: within one incarnation an older list never replaces a
// newer one. The file is whole at every moment. A file that can't be decoded stops the process, because
// without it revoked certificates would be accepted.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileDurably } from "../../base/durable-file.ts";
import { Exit, messageOf, OperatorError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { isErrno } from "../../base/system-error.ts";
import type { Denial, DenyList } from "./deny-list.ts";

export interface Denials {
  /** The version's incarnation; empty = no list has arrived yet. */
  readonly incarnation: string;
  /** The log index of the list's last change. */
  readonly version: number;
  readonly denials: readonly Denial[];
}

const SCHEMA_VERSION = 1;
const FILE_NAME = "revocations.json";
const RETRY_MS = 1_000;
const NOTHING: Denials = { incarnation: "", version: 0, denials: [] };

export class HeldDenials {
  readonly #path: string;
  readonly #denyList: DenyList;
  readonly #log: Log;
  #held: Denials;
  /** The list that is on the disk or being written. */
  #stored: Denials;
  #writing: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;

  /** The list in the folder's file is in force when this resolves. Throws DENY_LIST_UNREADABLE. */
  static async open(directory: string, denyList: DenyList, log: Log): Promise<HeldDenials> {
    const path = join(directory, FILE_NAME);
    const held = await readDenials(path);
    denyList.replace(held.denials);
    return new HeldDenials(path, denyList, log, held);
  }

  private constructor(path: string, denyList: DenyList, log: Log, held: Denials) {
    this.#path = path;
    this.#denyList = denyList;
    this.#log = log;
    this.#held = held;
    this.#stored = held;
  }

  get held(): Pick<Denials, "incarnation" | "version"> {
    return this.#held;
  }

  /** Puts the list in force, unless a newer one of its incarnation is; soon afterwards it is durable. */
  take({ incarnation, version, denials }: Denials): void {
    const isSame = incarnation === this.#held.incarnation;
    if (isSame && version <= this.#held.version) return;
    const isNothing = version === 0 && this.#held.version === 0;
    this.#held = { incarnation, version, denials };
    if (isNothing) return;
    const before = this.#denyList.size;
    this.#denyList.replace(denials);
    const count = denials.length;
    if (before + count > 0)
      this.#log.info("the list of revoked certificates has changed", { version, count });
    this.#store();
  }

  /** Resolves when no write is running. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    while (this.#writing !== null) await this.#writing;
  }

  #store(): void {
    clearTimeout(this.#retry);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
      if (this.#stored !== this.#held && this.#retry === undefined) this.#store();
    });
  }

  /** Never rejects: meanwhile the list is in force. */
  async #write(): Promise<void> {
    const wanted = this.#held;
    this.#retry = undefined;
    try {
      await writeDenials(this.#path, wanted);
      this.#stored = wanted;
    } catch (error) {
      const message = messageOf(error);
      this.#log.error(
        "the list of revoked certificates can't be stored; a restart would forget its last change",
        {
          file: this.#path,
          error: message,
        },
      );
      this.#retry = setTimeout(() => this.#store(), RETRY_MS).unref();
    }
  }
}

/** What a stopped process keeps in its folder; without a file no list. Throws DENY_LIST_UNREADABLE. */
export const readHeldDenials = (directory: string): Promise<Denials> =>
  readDenials(join(directory, FILE_NAME));

/** These are in force too from the first start in the folder on, until the first list of the incarnation. */
export async function addHeldDenials(
  directory: string,
  incarnation: string,
  added: readonly Denial[],
): Promise<void> {
  const { denials } = await readHeldDenials(directory);
  const all = new Map<string, Denial>();
  for (const denial of [...denials, ...added]) {
    const known = all.get(denial.subject);
    if (known === undefined || known.issuedBeforeMs < denial.issuedBeforeMs) all.set(denial.subject, denial);
  }
  await writeDenials(join(directory, FILE_NAME), { incarnation, version: 0, denials: [...all.values()] });
}

async function writeDenials(path: string, denials: Denials): Promise<void> {
  const document = { schemaVersion: SCHEMA_VERSION, ...denials };
  await writeFileDurably(path, Buffer.from(`${JSON.stringify(document, null, 1)}\n`));
}

async function readDenials(path: string): Promise<Denials> {
  try {
    const denials = parseDenials(JSON.parse(await readFile(path, "utf8")));
    if (denials !== null) return denials;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return NOTHING;
    throw unreadable(path, messageOf(error), error);
  }
  throw unreadable(path, "it is no list of this version's");
}

function parseDenials(value: unknown): Denials | null {
  if (typeof value !== "object" || value === null) return null;
  const { schemaVersion, incarnation, version, denials } = value as Readonly<Record<string, unknown>>;
  if (schemaVersion !== SCHEMA_VERSION || typeof incarnation !== "string") return null;
  if (!isCount(version) || !Array.isArray(denials)) return null;
  const rows = denials.map((row: unknown) => parseDenial(row));
  return rows.some((row) => row === null) ? null : { incarnation, version, denials: rows as Denial[] };
}

function parseDenial(value: unknown): Denial | null {
  if (typeof value !== "object" || value === null) return null;
  const { subject, issuedBeforeMs } = value as Readonly<Record<string, unknown>>;
  return typeof subject === "string" && isCount(issuedBeforeMs) ? { subject, issuedBeforeMs } : null;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function unreadable(path: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError("DENY_LIST_UNREADABLE", {
    what: `the list of revoked certificates ${path} cannot be understood`,
    why,
    next: "put the file back, or delete it: then certificates that were revoked are accepted until a coordinator is heard",
    exit: Exit.Failure,
    cause,
  });
}
