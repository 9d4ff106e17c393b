// What a data folder remembers of the groups beside the fleet's own (ADR-0049). It has the kind of each, and which of
// them may have forgotten promises because an earlier disk was lost. What must stay true: a group is in this file
// before its log is in the folder. So a log without a row here is a tally that an earlier build made.

import { join } from "node:path";
import { assert } from "../base/assert.ts";
import { diskFiles } from "../base/disk-files.ts";
import { writeFileDurably } from "../base/durable-file.ts";
import { Exit, OperatorError } from "../base/errors.ts";
import type { FileSystem } from "../base/file-system.ts";
import { type GroupId, groupId, type LogIndex, logIndex } from "../base/ids.ts";
import { ifAbsent } from "../base/system-error.ts";
import { crc32c } from "./crc32c.ts";

export const GROUPS_FILE_NAME = "groups.json";

/** Of the group's replica in this folder. "lost": it neither votes nor campaigns (ADR-0002). */
type GroupMemory = "whole" | "lost";

export interface RememberedGroup {
  readonly group: GroupId;
  readonly kind: string;
  readonly memory: GroupMemory;
}

interface Content {
  readonly forgotThrough: number;
  readonly groups: readonly RememberedGroup[];
}

const NOTHING: Content = { forgotThrough: 0, groups: [] };

export class GroupsFile {
  readonly #path: string;
  readonly #files: FileSystem;
  #content: Content;
  /** The newest write; each waits for the one before. */
  #written: Promise<void> = Promise.resolve();

  static async open(dataDirectory: string, files: FileSystem = diskFiles): Promise<GroupsFile> {
    const path = join(dataDirectory, GROUPS_FILE_NAME);
    return new GroupsFile(path, files, await read(path, files));
  }

  private constructor(path: string, files: FileSystem, content: Content) {
    this.#path = path;
    this.#files = files;
    this.#content = content;
  }

  /**
   * In a group that the fleet's log created at this index or earlier, this replica may have voted with the disk that it
   * lost.
   */
  get forgotThrough(): LogIndex {
    return logIndex(this.#content.forgotThrough);
  }

  find(group: GroupId): RememberedGroup | undefined {
    return this.#content.groups.find((each) => each.group === group);
  }

  /** Resolves once it is durable that they are here. */
  add(groups: readonly RememberedGroup[]): Promise<void> {
    assert(
      groups.every(({ group }) => this.find(group) === undefined),
      "what the folder remembers of a group is never replaced by a guess",
    );
    return this.#write({ ...this.#content, groups: [...this.#content.groups, ...groups] });
  }

  /** Resolves once it is durable that the group's replica keeps all promises that it may have made. */
  setWhole(group: GroupId): Promise<void> {
    const groups = this.#content.groups.map((each) =>
      each.group === group ? { ...each, memory: "whole" as const } : each,
    );
    return this.#write({ ...this.#content, groups });
  }

  /** After a recovery these are all groups there are, and this replica alone votes in them. */
  replaceAll(groups: readonly Omit<RememberedGroup, "memory">[]): Promise<void> {
    return this.#write({
      ...this.#content,
      groups: groups.map(({ group, kind }) => ({ group, kind, memory: "whole" })),
    });
  }

  /** After a recovery: no copy of them is left, so a group of this number is another one. */
  forget(groups: readonly GroupId[]): Promise<void> {
    const kept = this.#content.groups.filter(({ group }) => !groups.includes(group));
    return this.#write({ ...this.#content, groups: kept });
  }

  /** Never less than before: what was forgotten is not remembered again. */
  setForgotThrough(index: LogIndex): Promise<void> {
    const forgotThrough = Math.max(index, this.#content.forgotThrough);
    return this.#write({ ...this.#content, forgotThrough });
  }

  #write(content: Content): Promise<void> {
    this.#content = content;
    const text = JSON.stringify({ ...content, crc32c: checksum(content) }, null, 2);
    const bytes = new TextEncoder().encode(`${text}\n`);
    this.#written = this.#written.then(() => writeFileDurably(this.#path, bytes, undefined, this.#files));
    return this.#written;
  }
}

/** A folder that remembers no kind is of an earlier build, which had tallies only. */
export const kindIn = (file: Pick<GroupsFile, "find">, group: GroupId): string =>
  file.find(group)?.kind ?? "tally";

async function read(path: string, files: FileSystem): Promise<Content> {
  const bytes = await files.read(path).catch(ifAbsent(null));
  return bytes === null ? NOTHING : parsed(path, new TextDecoder().decode(bytes));
}

function parsed(path: string, text: string): Content {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path);
  }
  const { forgotThrough, groups, crc32c: sum } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (!isIndex(forgotThrough) || !Array.isArray(groups)) throw damaged(path);
  const content = { forgotThrough, groups: groups.map((each: unknown) => row(path, each)) };
  if (sum !== checksum(content)) throw damaged(path);
  return content;
}

// A flipped bit may leave a number that is plausible, and wrong.
function checksum({ forgotThrough, groups }: Content): number {
  const rows = groups.map(({ group, kind, memory }) => [group, kind, memory]);
  return crc32c(new TextEncoder().encode(JSON.stringify([forgotThrough, rows])));
}

function row(path: string, value: unknown): RememberedGroup {
  const { group, kind, memory } = (value ?? {}) as Partial<Record<string, unknown>>;
  const isMemory = memory === "whole" || memory === "lost";
  if (!isIndex(group) || typeof kind !== "string" || !isMemory) throw damaged(path);
  return { group: groupId(group), kind, memory };
}

const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function damaged(path: string): OperatorError {
  return new OperatorError("GROUPS_FILE_DAMAGED", {
    what: `${path} is not what fleet wrote`,
    why: "its bytes changed on disk, or it was edited",
    next: "move this data folder away and start the node again: it takes a fresh copy from its peers",
    exit: Exit.Failure,
  });
}
