import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type GroupId, groupId, logIndex } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import type { Entry, HardState } from "../../../src/core/raft/message.ts";
import type { DiskStorage } from "../../../src/core/storage/disk-storage.ts";
import { encodeFrame } from "../../../src/core/storage/frame.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import {
  entries,
  hardState,
  newestSnapshot,
  openStorage,
  ownSnapshot,
  request,
  snapshot,
} from "./support.ts";

const GROUPS = [groupId(0), groupId(1), groupId(2)];

/** What one group must show, kept as plainly as possible. */
interface Model {
  log: Entry[];
  snapshotIndex: number;
  hardState: HardState;
}

// Of a group that has none yet, the snapshot is empty.
const dataOf = (index: number) => ({ index, data: new TextEncoder().encode(index === 0 ? "" : `s${index}`) });

const last = (model: Model): number => model.log.at(-1)?.index ?? model.snapshotIndex;

/** A run of random, legal operations against the storage and the model. */
class Run {
  readonly #random: SeededPrng;
  readonly #directory: string;
  readonly #models = new Map<GroupId, Model>();
  #storage: DiskStorage;

  constructor(seed: number, directory: string, storage: DiskStorage) {
    this.#random = new SeededPrng(seed);
    this.#directory = directory;
    this.#storage = storage;
    for (const group of GROUPS)
      this.#models.set(group, { log: [], snapshotIndex: 0, hardState: hardState(0, 0, 0) });
  }

  async step(): Promise<void> {
    const group = GROUPS[this.#random.below(GROUPS.length)] ?? groupId(0);
    const model = this.#modelOf(group);
    const dice = this.#random.below(20);
    if (dice < 13) await this.#write(group, model);
    else if (dice < 15) await this.#snapshot(group, model);
    else if (dice < 16) await this.#install(group, model);
    else if (dice < 17) this.#compact(group, model);
    else if (dice < 18) this.#storage.evictSnapshot(group);
    else await this.#reopen(dice === 19);
  }

  async check(): Promise<void> {
    for (const [group, model] of this.#models) {
      const reader = this.#storage.reader(group);
      const from = logIndex(Math.max(reader.firstIndex(), model.snapshotIndex + 1));
      expect(reader.lastIndex()).toBe(last(model));
      expect(reader.initialState().hardState).toEqual(model.hardState);
      expect(await newestSnapshot(reader)).toMatchObject(dataOf(model.snapshotIndex));
      const shown = reader.entries(from, logIndex(last(model) + 1), Number.MAX_SAFE_INTEGER);
      expect(shown).toEqual(model.log.filter(({ index }) => index >= from));
    }
  }

  // Appends behind the commit index, often replacing a suffix, and commits some of it.
  async #write(group: GroupId, model: Model): Promise<void> {
    const { term, commit } = model.hardState;
    const from = commit + 1 + this.#random.below(last(model) - commit + 1);
    const nextTerm = term + (from <= last(model) ? 1 : this.#random.below(2));
    const fresh = entries(from, from + this.#random.below(6), nextTerm);
    model.log = [...model.log.filter(({ index }) => index < from), ...fresh];
    model.hardState = hardState(nextTerm, 0, commit + this.#random.below(last(model) - commit + 1));
    await this.#storage.write(request({ group, entries: fresh, hardState: model.hardState }));
  }

  async #snapshot(group: GroupId, model: Model): Promise<void> {
    const { commit } = model.hardState;
    const at = model.log.find(
      ({ index }) => index > model.snapshotIndex && index >= commit - 2 && index <= commit,
    );
    if (at === undefined) return;
    model.snapshotIndex = at.index;
    await this.#storage.saveSnapshot(group, ownSnapshot(at.index, at.term));
  }

  async #install(group: GroupId, model: Model): Promise<void> {
    const index = model.hardState.commit + 1 + this.#random.below(10);
    const term = model.hardState.term + 1;
    Object.assign(model, { log: [], snapshotIndex: index, hardState: hardState(term, 0, index) });
    await this.#storage.write(
      request({ group, snapshot: snapshot(index, term), hardState: model.hardState }),
    );
  }

  #compact(group: GroupId, model: Model): void {
    this.#storage.compact(group, logIndex(Math.max(0, model.snapshotIndex - this.#random.below(4))));
  }

  async #reopen(withTornTail: boolean): Promise<void> {
    await this.#storage.close();
    if (withTornTail) await this.#tearTail();
    this.#storage = await openStorage(this.#directory, { segmentBytes: 1024 });
    for (const model of this.#models.values())
      model.log = model.log.filter(({ index }) => index > model.snapshotIndex);
  }

  // A frame that was never acknowledged, behind everything that was and if there is room: one of its sectors is missing.
  async #tearTail(): Promise<void> {
    const folder = join(this.#directory, "wal");
    for (const name of (await readdir(folder)).sort().reverse()) {
      const bytes = await readFile(join(folder, name));
      const end = Math.ceil((bytes.findLastIndex((byte) => byte !== 0) + 1) / 8) * 8;
      if (end === 0) continue;
      const group = GROUPS[0] ?? groupId(0);
      const frame = encodeFrame(
        1,
        entries(1, 8).map((entry) => ({ kind: "entry", group, entry })),
      );
      if (end + frame.length > bytes.length) return;
      const first = Math.floor(end / 512);
      const sectors = Math.ceil((end + frame.length) / 512) - first;
      const lost = first + this.#random.below(sectors);
      bytes.set(frame, end);
      bytes.fill(0, Math.max(end, lost * 512), Math.min(end + frame.length, (lost + 1) * 512));
      await writeFile(join(folder, name), bytes);
      return;
    }
  }

  #modelOf(group: GroupId): Model {
    const model = this.#models.get(group);
    if (model === undefined) throw new Error(`no model of group ${group}`);
    return model;
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])("random operations agree with a model, seed %i", async (seed) => {
  const directory = await temporaryFolder();
  const run = new Run(seed, directory, await openStorage(directory, { segmentBytes: 1024 }));
  for (let step = 0; step < 120; step++) {
    await run.step();
    await run.check();
  }
});
