// One node's disk and the page cache above it; both outlive the node's processes, and the disk a power cut. What must
// stay true, as POSIX promises it and no more (ADR-0018): content is safe once its file was synced. A name is safe once
// its directory was synced. At a power cut, chance decides whether each sector that was not synced is there. It decides
// the same of each change of a name. A rename is there as a whole or not at all. A process that is killed loses
// nothing: the page cache stays. A sync that fails has kept some sectors, and the cache takes all of them for clean
// (PostgreSQL's "fsyncgate").

import { dirname } from "node:path";
import type { Chance } from "./chance.ts";

const SECTOR_BYTES = 512;
const NOTHING = new Uint8Array();

export interface Inode {
  /** What reads show. */
  cached: Uint8Array;
  /** What the disk holds. The same array while nothing is dirty. */
  stored: Uint8Array;
  /** Sectors that the disk does not hold yet as they are cached. */
  readonly dirty: Set<number>;
}

type Names = Map<string, Inode>;
type NameChange = (names: Names, directories: Set<string>) => void;

export class VirtualDisk {
  readonly #chance: Chance;
  #names: Names = new Map();
  #directories = new Set(["/"]);
  #storedNames: Names = new Map();
  #storedDirectories = new Set(["/"]);
  /** By directory: what happened to names in it since its last sync, in order. */
  readonly #changes = new Map<string, NameChange[]>();
  isFull = false;
  /** The next sync fails. */
  isFailing = false;
  /** Something that was synced is damaged. */
  isDamaged = false;
  stalledUntilMs = 0;
  /** What each operation takes beside its normal time, since `wornAtMs`; 0 = it is not worn. */
  wornMs = 0;
  wornAtMs = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  inode(path: string): Inode | undefined {
    return this.#names.get(path);
  }

  isDirectory(path: string): boolean {
    return this.#directories.has(path);
  }

  /** The names in a directory, sorted. */
  list(directory: string): string[] {
    const prefix = `${directory}/`;
    return [...this.#names.keys(), ...this.#directories]
      .filter((path) => path.startsWith(prefix) && !path.includes("/", prefix.length))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  makeDirectory(path: string): void {
    this.#change(path, (_, directories) => directories.add(path));
  }

  /** An empty file of that name; one that is there is emptied, under all its names. */
  create(path: string): Inode {
    const known = this.#names.get(path);
    const inode = known ?? { cached: NOTHING, stored: NOTHING, dirty: new Set() };
    if (known !== undefined) this.#resize(inode, NOTHING);
    else this.#change(path, (names) => names.set(path, inode));
    return inode;
  }

  name(inode: Inode, path: string): void {
    this.#change(path, (names) => names.set(path, inode));
  }

  rename(inode: Inode, from: string, to: string): void {
    this.#change(to, (names) => {
      names.set(to, inode);
      names.delete(from);
    });
  }

  remove(path: string): void {
    if (this.#names.has(path)) this.#change(path, (names) => names.delete(path));
  }

  /** Gives the file this content, in the cache. */
  fill(inode: Inode, content: Uint8Array): void {
    this.#resize(inode, content);
  }

  /** Overwrites bytes within the file, in the cache. */
  write(inode: Inode, bytes: Uint8Array, position: number): void {
    if (inode.cached === inode.stored) inode.cached = inode.cached.slice();
    inode.cached.set(bytes, position);
    for (let at = sectorOf(position); at * SECTOR_BYTES < position + bytes.length; at += 1)
      inode.dirty.add(at);
  }

  /** What is cached of the file is safe from here on. */
  sync(inode: Inode): void {
    if (inode.stored.length !== inode.cached.length) {
      inode.stored = inode.cached;
    } else {
      for (const sector of inode.dirty) store(inode, sector);
    }
    inode.dirty.clear();
  }

  /** Some sectors are kept, and then none is dirty. */
  failSync(inode: Inode): void {
    this.#settle(inode);
    inode.dirty.clear();
  }

  syncDirectory(directory: string): void {
    for (const change of this.#changes.get(directory) ?? [])
      change(this.#storedNames, this.#storedDirectories);
    this.#changes.delete(directory);
  }

  /** The machine stopped: what was not synced is settled now. */
  cutPower(): void {
    for (const [directory, changes] of this.#changes) {
      for (const change of this.#survivors(changes)) change(this.#storedNames, this.#storedDirectories);
      this.#changes.delete(directory);
    }
    this.#directories = new Set([...this.#storedDirectories].filter((path) => this.#isReached(path)));
    this.#names = new Map([...this.#storedNames].filter(([path]) => this.#directories.has(dirname(path))));
    this.#storedDirectories = new Set(this.#directories);
    this.#storedNames = new Map(this.#names);
    for (const inode of new Set(this.#names.values())) {
      this.#settle(inode);
      inode.dirty.clear();
      inode.cached = inode.stored;
    }
  }

  /** Everything is lost. */
  wipe(): void {
    this.#names.clear();
    this.#storedNames.clear();
    this.#directories = new Set(["/"]);
    this.#storedDirectories = new Set(["/"]);
    this.#changes.clear();
    this.isDamaged = false;
  }

  /** A synced file loses its end, or has one bit flipped; returns which. Only while no process runs here. */
  damage(chance: Chance): string | null {
    // A lock is not synced, and names a process: one flipped bit may name another.
    const isKept = (path: string) => !path.slice(dirname(path).length + 1).startsWith("lock");
    const files = [...this.#names].filter(([path, inode]) => isKept(path) && inode.cached.length > 0);
    if (files.length === 0) return null;
    const [path, inode] = chance.pick(files);
    const before = inode.cached;
    // Mostly where something was written.
    const written = before.findLastIndex((byte) => byte !== 0) + 1;
    const at = chance.below(written > 0 && chance.permille(800) ? written : before.length);
    const after = before.slice(0, chance.permille(300) ? at : before.length);
    if (after.length === before.length) after[at] = (after[at] ?? 0) ^ (1 << chance.below(8));
    Object.assign(inode, { cached: after, stored: after });
    inode.dirty.clear();
    this.isDamaged = true;
    return `${path}:${at}${after.length < before.length ? " cut off" : ""}`;
  }

  #change(path: string, change: NameChange): void {
    const directory = dirname(path);
    const changes = this.#changes.get(directory);
    if (changes === undefined) this.#changes.set(directory, [change]);
    else changes.push(change);
    change(this.#names, this.#directories);
  }

  /** A journal keeps the first ones; without one any may be kept. */
  #survivors(changes: readonly NameChange[]): readonly NameChange[] {
    if (this.#chance.permille(700)) return changes.slice(0, this.#chance.below(changes.length + 1));
    return changes.filter(() => this.#chance.permille(500));
  }

  #isReached(directory: string): boolean {
    return (
      directory === "/" ||
      (this.#storedDirectories.has(dirname(directory)) && this.#isReached(dirname(directory)))
    );
  }

  #resize(inode: Inode, content: Uint8Array): void {
    inode.cached = content;
    inode.dirty.clear();
    for (let at = 0; at * SECTOR_BYTES < content.length; at += 1) inode.dirty.add(at);
  }

  // Of a file that became longer, the length may be kept without the content.
  #settle(inode: Inode): void {
    const { cached, dirty } = inode;
    if (cached === inode.stored) return;
    const fate = this.#chance.below(3);
    if (fate === 0) return;
    if (cached.length !== inode.stored.length) {
      const kept = new Uint8Array(cached.length);
      kept.set(inode.stored.subarray(0, cached.length));
      inode.stored = kept;
    }
    for (const sector of dirty) if (fate === 1 || this.#chance.permille(500)) store(inode, sector);
  }
}

function store({ cached, stored }: Inode, sector: number): void {
  const from = sector * SECTOR_BYTES;
  stored.set(cached.subarray(from, from + SECTOR_BYTES), from);
}

function sectorOf(position: number): number {
  return Math.floor(position / SECTOR_BYTES);
}
