// How an open data folder is encrypted: its key ring, the sealer of new frames and files, and the opener of
// old ones (ADR-0031). What must stay true: a key is durable in the ring before it seals anything, and leaves
// the ring only when no file needs it. Plain data is trusted only if the ring names it. The ring changes one
// step at a time.

import { join } from "node:path";
import { assert } from "../base/assert.ts";
import type { FileSystem } from "../base/file-system.ts";
import { InTurn } from "../base/in-turn.ts";
import {
  activeKey,
  type KeyRing,
  type OpenedRing,
  type PlainRemains,
  withNewKey,
  withoutUnused,
} from "../seal/key-ring.ts";
import type { OperatorKey, OperatorKeys } from "../seal/operator-keys.ts";
import { type ContentFiles, plainContent } from "./content-files.ts";
import { FrameOpener, type FrameReader, FrameSealer, PLAIN_KEY_ID, plainFrames } from "./frame-seal.ts";
import { writeKeyRing } from "./key-ring-file.ts";
import { keyIdOfFile, sealedFiles } from "./sealed-files.ts";

/** How many segments of the log hold frames of each key. PLAIN_KEY_ID counts plain frames. */
export type KeyUse = ReadonlyMap<number, number>;

export interface AtRestStatus {
  /** The operator's key that wraps the ring. */
  readonly operatorKeyId: string;
  /** Ascending; the last one encrypts. */
  readonly keys: readonly {
    readonly id: number;
    readonly createdAtMs: number;
    readonly segments: number;
    readonly snapshots: number;
  }[];
  readonly plainSegments: number;
  readonly plainSnapshots: number;
  /** Whether all plain files are refused from now on. */
  readonly isComplete: boolean;
}

export class AtRest {
  readonly frames: FrameReader;
  /** The folder of snapshots, by content. */
  readonly content: ContentFiles;
  readonly #directory: string;
  readonly #files: FileSystem;
  #ring: KeyRing;
  #operatorKey: OperatorKey;
  #sealer: FrameSealer;
  /** Files that are being written, by the key that they started with. */
  readonly #writing = new Map<number, number>();
  readonly #turn = new InTurn();

  constructor(directory: string, { ring, operatorKey }: OpenedRing, files: FileSystem) {
    this.#directory = directory;
    this.#files = files;
    this.#ring = ring;
    this.#operatorKey = operatorKey;
    this.#sealer = new FrameSealer(activeKey(ring));
    const secretOf = (id: number) => this.#ring.keys.find((key) => key.id === id)?.secret ?? null;
    this.frames = new FrameOpener(secretOf, ({ sequence }) => sequence <= (this.#ring.plain?.frames ?? 0));
    this.content = sealedFiles({
      files,
      secretOf,
      activeKey: () => activeKey(this.#ring),
      mayBePlain: (name) => this.#ring.plain?.snapshots.includes(name) === true,
      onUse: (id) => this.#use(id),
    });
  }

  /** Seals the frames of this opening of the log, until the key is rotated. */
  get sealer(): FrameSealer {
    return this.#sealer;
  }

  /** From now on a new key encrypts, and the operator's current key wraps the ring. */
  rotate(keys: OperatorKeys, nowMs: number): Promise<void> {
    return this.#turn.run(async () => {
      const next = withNewKey(this.#ring, nowMs);
      await this.#replace(next, keys.current);
      this.#sealer = new FrameSealer(activeKey(next));
    });
  }

  /** Drops keys that no file needs any more, and refuses plain files once none is left. */
  settle(snapshots: string, use: () => KeyUse): Promise<void> {
    if (this.#ring.keys.length === 1 && this.#ring.plain === null) return Promise.resolve();
    return this.#turn.run(async () => {
      // Taken before the folder is listed: a file that was closed by then is in the listing, under its old or
      // new name.
      const used = new Set(this.#writing.keys());
      const files = await this.#keyIdsIn(snapshots);
      if (files === null) return;
      const segments = use();
      for (const id of [...files.values(), ...segments.keys()]) used.add(id);
      const plain = plainLeft(this.#ring.plain, files, segments);
      const next = { ...withoutUnused(this.#ring, used), plain };
      if (next.keys.length === this.#ring.keys.length && samePlain(plain, this.#ring.plain)) return;
      await this.#replace(next, this.#operatorKey);
    });
  }

  async status(snapshots: string, use: KeyUse): Promise<AtRestStatus> {
    const files = (await this.#keyIdsIn(snapshots)) ?? new Map<string, number>();
    const count = (id: number) => [...files.values()].filter((other) => other === id).length;
    return {
      operatorKeyId: this.#operatorKey.id,
      keys: this.#ring.keys.map(({ id, createdAtMs }) => {
        return { id, createdAtMs, segments: use.get(id) ?? 0, snapshots: count(id) };
      }),
      plainSegments: use.get(PLAIN_KEY_ID) ?? 0,
      plainSnapshots: count(PLAIN_KEY_ID),
      isComplete: this.#ring.plain === null,
    };
  }

  async #replace(next: KeyRing, operatorKey: OperatorKey): Promise<void> {
    assert(next.keys.includes(activeKey(this.#ring)), "the key that encrypts stays until another one does");
    await writeKeyRing(this.#directory, next, operatorKey, this.#files);
    this.#ring = next;
    this.#operatorKey = operatorKey;
  }

  /**
   * By file name: snapshots and their temporary files. Null when a name changed meanwhile: the next call
   * tries again.
   */
  async #keyIdsIn(directory: string): Promise<ReadonlyMap<string, number> | null> {
    const found = new Map<string, number>();
    for (const name of await this.#files.list(directory)) {
      const id = await keyIdOfFile(join(directory, name), this.#files);
      if (id === null) return null;
      if (id !== PLAIN_KEY_ID || name.endsWith(".snap")) found.set(name, id);
    }
    return found;
  }

  #use(id: number): () => void {
    this.#writing.set(id, (this.#writing.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#writing.get(id) ?? 0) - 1;
      if (left > 0) this.#writing.set(id, left);
      else this.#writing.delete(id);
    };
  }
}

/**
 * How the folder's frames and files are read. In a folder that is not encrypted they are read as they are.
 */
export function readersOf(
  directory: string,
  opened: OpenedRing | null,
  files: FileSystem,
): Pick<AtRest, "frames" | "content"> {
  return opened === null
    ? { frames: plainFrames, content: plainContent(files) }
    : new AtRest(directory, opened, files);
}

function plainLeft(
  plain: PlainRemains | null,
  files: ReadonlyMap<string, number>,
  segments: KeyUse,
): PlainRemains | null {
  if (plain === null) return null;
  const snapshots = plain.snapshots.filter((name) => files.get(name) === PLAIN_KEY_ID);
  const hasFrames = segments.has(PLAIN_KEY_ID);
  return hasFrames || snapshots.length > 0 ? { frames: hasFrames ? plain.frames : 0, snapshots } : null;
}

const samePlain = (a: PlainRemains | null, b: PlainRemains | null): boolean =>
  a?.frames === b?.frames && a?.snapshots.length === b?.snapshots.length;
