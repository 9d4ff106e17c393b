// Which coordinators a shard dials: those that it was started with, until a leader that it obeys names the present members.
// What must stay true: a shard that starts again while no coordinator answers knows both lists. One that an operator starts
// with another list dials that list alone: it may be another fleet's. Absent: whether a leader is obeyed (shard/allegiance.ts).

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isAddress } from "../../base/address.ts";
import { writeFileDurably } from "../../base/durable-file.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { isErrno } from "../../base/system-error.ts";

const SCHEMA_VERSION = 1;
const FILE_NAME = "coordinators.json";
/** More than a fleet has members at a time. */
export const COORDINATORS_MAX = 64;

interface Options {
  readonly directory: string;
  /** host:port of the coordinators that the shard was started with. */
  readonly given: readonly string[];
  readonly log: Log;
}

export class KnownCoordinators {
  readonly #path: string;
  readonly #given: readonly string[];
  readonly #log: Log;
  #addresses: readonly string[];
  /** As they are on the disk, or will be. */
  #stored: readonly string[];
  #writing = Promise.resolve();

  static async open({ directory, given, log }: Options): Promise<KnownCoordinators> {
    const learned = await readLearnedCoordinators(directory, given);
    return new KnownCoordinators(join(directory, FILE_NAME), given, learned, log);
  }

  private constructor(path: string, given: readonly string[], learned: readonly string[], log: Log) {
    this.#path = path;
    this.#given = given;
    this.#log = log;
    this.#stored = learned;
    // Without coordinators a shard does not report, whatever it knew before.
    this.#addresses = given.length === 0 ? [] : [...new Set([...learned, ...given])];
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** What an obeyed leader says. Returns whether there are others to dial now. */
  take(members: readonly string[]): boolean {
    const named = [...new Set(members.slice(0, COORDINATORS_MAX).filter(isAddress))].sort();
    if (named.length === 0) return false;
    if (!isSame(named, this.#stored)) this.#store(named);
    if (isSame(named, this.#addresses)) return false;
    this.#log.info("the coordinators have changed", { now: named, before: this.#addresses });
    this.#addresses = named;
    return true;
  }

  /** Resolves when no write is running. */
  async close(): Promise<void> {
    await this.#writing;
  }

  /** Never rejects: a shard that cannot store the list continues, and starts with an older one. */
  #store(named: readonly string[]): void {
    this.#stored = named;
    const document = { schemaVersion: SCHEMA_VERSION, given: this.#given, coordinators: named };
    const text = `${JSON.stringify(document, null, 1)}\n`;
    this.#writing = this.#writing
      .then(() => writeFileDurably(this.#path, Buffer.from(text)))
      .catch((error: unknown) => {
        this.#stored = [];
        const said = { file: this.#path, error: messageOf(error) };
        this.#log.warn("the list of coordinators can't be stored; a restart uses an older one", said);
      });
  }
}

/** What a shard with this folder has learned since it was first started with `given`. Empty when the file cannot be read. */
export async function readLearnedCoordinators(
  directory: string,
  given: readonly string[],
): Promise<readonly string[]> {
  try {
    return parse(JSON.parse(await readFile(join(directory, FILE_NAME), "utf8")), given);
  } catch (error) {
    if (error instanceof SyntaxError || isErrno(error, "ENOENT", "EACCES", "EISDIR")) return [];
    throw error;
  }
}

function parse(value: unknown, given: readonly string[]): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const { schemaVersion, given: before, coordinators } = value as Readonly<Record<string, unknown>>;
  if (schemaVersion !== SCHEMA_VERSION || !areTexts(before) || !areTexts(coordinators)) return [];
  return isSame(given, before) ? coordinators.filter(isAddress).slice(0, COORDINATORS_MAX) : [];
}

const areTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

function isSame(some: readonly string[], others: readonly string[]): boolean {
  const [these, those] = [new Set(some), new Set(others)];
  return these.size === those.size && [...these].every((each) => those.has(each));
}
