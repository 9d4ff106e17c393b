// Snapshots that are being received. Each is spooled to a file of its own beside the snapshots; once it is
// whole, renaming makes it a snapshot (ADR-0019). What must stay true: a spool is not a snapshot until its
// SHA-256 is right and it is synced. It survives a restart, so that the sender can resume it. The number of
// spools is limited, and failed ones are removed.

import { createHash, type Hash } from "node:crypto";
import { basename, join } from "node:path";
import type { NewFile } from "../base/file-system.ts";
import { type GroupId, groupId } from "../base/ids.ts";
import { InTurn } from "../base/in-turn.ts";
import type { SnapshotHead, StoredData } from "../raft/message.ts";
import type { ContentFiles } from "./content-files.ts";
import { encodeHead } from "./snapshot-file.ts";
import { SpooledData } from "./spooled-data.ts";
import { PART_BYTES } from "./stored-snapshot.ts";

/** For all groups together: spools in progress, and whole ones that are not installed yet. */
const SPOOLS_MAX = 8;
const FILE_MODE = 0o600;
const NAME = /^(\d+)-(\d{16})-(\d{16})-(\d+)-([0-9a-f]{64})\.spool$/;

/** Identifies a snapshot: two with the same id have the same bytes. */
export interface SpoolId extends SnapshotHead {
  readonly group: GroupId;
  /** Size of the data. */
  readonly bytes: number;
  readonly sha256: Uint8Array;
}

interface Spool {
  readonly id: SpoolId;
  readonly path: string;
  readonly headBytes: number;
  /** Hashes of the data, and of the file that it becomes. */
  readonly hashes: { readonly data: Hash; readonly file: Hash };
  received: number;
  file: NewFile;
}

export class SnapshotSpools {
  readonly #directory: string;
  readonly #files: ContentFiles;
  readonly #partBytes: number;
  /** One for each group. */
  readonly #open = new Map<GroupId, Spool>();
  /** Whole spools that were handed out. */
  readonly #whole = new Map<string, SpooledData>();
  /** One operation at a time: an offer reads what an earlier process left. */
  readonly #turn = new InTurn();

  /** Reads a spool in parts of `partBytes`. */
  constructor(directory: string, files: ContentFiles, partBytes = PART_BYTES) {
    this.#directory = directory;
    this.#files = files;
    this.#partBytes = partBytes;
  }

  /**
   * How many bytes of it are here, from the first on. Makes room for it by removing another spool of the
   * group.
   */
  offer(id: SpoolId): Promise<number> {
    return this.#turn.run(async () => (this.#isUntaken(id) ? id.bytes : (await this.#opened(id)).received));
  }

  freeBytes(): Promise<number> {
    return this.#files.freeBytes(this.#directory);
  }

  /** The sender starts from the first byte again. */
  restart(id: SpoolId): Promise<void> {
    return this.#turn.run(async () => {
      await this.#giveUp(id.group);
      await this.#files.remove(this.#pathOf(id));
      await this.#opened(id);
    });
  }

  /** Appends the bytes that follow the present ones. */
  add(id: SpoolId, part: Uint8Array): Promise<void> {
    return this.#turn.run(async () => {
      const spool = this.#current(id);
      if (spool.received + part.length > id.bytes) throw new Error("more bytes came than were announced");
      await spool.file.fill(part);
      spool.hashes.data.update(part);
      spool.hashes.file.update(part);
      spool.received += part.length;
    });
  }

  /**
   * All bytes have arrived. Returns the durable data. If the bytes do not match the id, removes them and
   * returns null.
   */
  finish(id: SpoolId): Promise<SpooledData | null> {
    return this.#turn.run(async () => {
      if (this.#isUntaken(id)) return this.#handOut(id);
      const spool = this.#current(id);
      if (spool.received !== id.bytes) throw new Error("a part of it is missing");
      this.#open.delete(id.group);
      if (Buffer.compare(spool.hashes.data.digest(), id.sha256) !== 0) {
        await spool.file.close();
        await this.#files.remove(spool.path);
        return null;
      }
      await spool.file.fill(spool.hashes.file.digest());
      await spool.file.sync();
      await spool.file.close();
      return this.#handOut(id);
    });
  }

  /** Handed out before but never used, as when the snapshot arrived in an older term. */
  #isUntaken(id: SpoolId): boolean {
    return this.#whole.get(this.#pathOf(id))?.isTaken === false;
  }

  /** Only the newest hand-out counts: an earlier holder can't release the file any more. */
  #handOut(id: SpoolId): SpooledData {
    const path = this.#pathOf(id);
    const start = encodeHead(id.group, id).length;
    const place = { files: this.#files, path, start, end: start + id.bytes, partBytes: this.#partBytes };
    const data = new SpooledData(place, id.sha256);
    this.#whole.set(path, data);
    return data;
  }

  /** The finished data are not needed any more, unless a snapshot was made of them. */
  release(data: StoredData): Promise<void> {
    return this.#turn.run(async () => {
      for (const [path, known] of this.#whole) {
        if (known !== data) continue;
        this.#whole.delete(path);
        if (!known.isTaken) await this.#files.remove(path);
      }
    });
  }

  /** At a start, and when a group has a newer snapshot: removes spools that are of no use any more. */
  removeThrough(indexOf: (group: GroupId) => number): Promise<void> {
    return this.#turn.run(async () => {
      for (const name of await this.#files.list(this.#directory)) {
        const [, group, , index] = NAME.exec(name) ?? [];
        const of = groupId(Number(group ?? 0));
        if (group === undefined || Number(index) > indexOf(of)) continue;
        const path = join(this.#directory, name);
        if (this.#whole.has(path)) continue;
        if (this.#open.get(of)?.path === path) await this.#giveUp(of);
        await this.#files.remove(path);
      }
    });
  }

  close(): Promise<void> {
    return this.#turn.run(async () => {
      for (const { file } of this.#open.values()) await file.close();
      this.#open.clear();
    });
  }

  #current(id: SpoolId): Spool {
    const spool = this.#open.get(id.group);
    if (spool?.path !== this.#pathOf(id)) throw new Error("another snapshot has taken its place");
    return spool;
  }

  async #opened(id: SpoolId): Promise<Spool> {
    const path = this.#pathOf(id);
    const open = this.#open.get(id.group);
    if (open?.path === path) return open;
    if (this.#whole.has(path)) throw new Error("it is whole already, and being restored");
    await this.#giveUp(id.group);
    await this.#removeOthers(id.group, path);
    const spool = (await this.#resumed(id, path)) ?? (await this.#begun(id, path));
    this.#open.set(id.group, spool);
    return spool;
  }

  async #begun(id: SpoolId, path: string): Promise<Spool> {
    const head = encodeHead(id.group, id);
    const hashes = { data: createHash("sha256"), file: createHash("sha256").update(head) };
    const file = await this.#files.create(path, FILE_MODE);
    await file.fill(head);
    return { id, path, headBytes: head.length, hashes, received: 0, file };
  }

  /**
   * What an earlier process or stream left. Parts that were not synced may be wrong: the SHA-256 detects it.
   */
  async #resumed(id: SpoolId, path: string): Promise<Spool | null> {
    const head = encodeHead(id.group, id);
    const left = await this.#files.openUnfinished(path).catch(() => null);
    if (left === null) return null;
    const hashes = { data: createHash("sha256"), file: createHash("sha256").update(head) };
    try {
      const isUsable = left.bytes >= head.length && left.bytes <= head.length + id.bytes;
      if (!isUsable || Buffer.compare(await left.read(0, head.length), head) !== 0) return null;
      for (let at = head.length; at < left.bytes; ) {
        const part = await left.read(at, this.#partBytes);
        if (part.length === 0) return null;
        hashes.data.update(part);
        hashes.file.update(part);
        at += part.length;
      }
    } finally {
      await left.close();
    }
    const file = await this.#files.append(path);
    return { id, path, headBytes: head.length, hashes, received: left.bytes - head.length, file };
  }

  async #giveUp(group: GroupId): Promise<void> {
    const spool = this.#open.get(group);
    if (spool === undefined) return;
    this.#open.delete(group);
    await spool.file.close();
  }

  /**
   * Removes the group's spools of other snapshots, and keeps the number of spools of all groups within the
   * limit.
   */
  async #removeOthers(group: GroupId, path: string): Promise<void> {
    const names = (await this.#files.list(this.#directory)).filter((name) => NAME.test(name));
    const others = names.map((name) => join(this.#directory, name)).filter((other) => other !== path);
    const inUse = new Set([...this.#whole.keys(), ...[...this.#open.values()].map((spool) => spool.path)]);
    let kept = 0;
    for (const other of others) {
      const isOfGroup = basename(other).startsWith(`${group}-`);
      if (inUse.has(other) || (!isOfGroup && kept < SPOOLS_MAX - 1)) kept += 1;
      else await this.#files.remove(other);
    }
    if (kept >= SPOOLS_MAX) throw new Error(`${kept} snapshots are on their way in already`);
  }

  #pathOf({ group, term, index, bytes, sha256 }: SpoolId): string {
    const digits = (value: number) => String(value).padStart(16, "0");
    const name = `${group}-${digits(term)}-${digits(index)}-${bytes}-${Buffer.from(sha256).toString("hex")}`;
    return join(this.#directory, `${name}.spool`);
  }
}
