// By seed: random operations come to what the model says, at all revisions, through compactions and snapshots.
// FLEET_SEED=N runs that seed alone.

import { expect, test } from "vitest";
import { drained } from "../../../src/core/fleet/slices.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { encodeKeySpace, KeySpaceReader } from "../../../src/core/kv/snapshot.ts";
import { Model } from "./model.ts";
import { bytes, outcome, perform, rangeRequest, text } from "./operations.ts";
import { RandomOperations } from "./random-operations.ts";

const given = process.env["FLEET_SEED"];
const seeds = given === undefined ? Array.from({ length: 12 }, (_, at) => at + 1) : [Number(given)];

/** A message with texts in the place of bytes. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return text(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

class Run {
  readonly model = new Model();
  readonly random: RandomOperations;
  space = new KeySpace();
  /** A capture and what it was when it was made. */
  #captured: { parts: () => Iterable<Uint8Array>; bytes: Uint8Array } | null = null;

  constructor(seed: number, largePercent: number) {
    this.random = new RandomOperations(seed, largePercent);
  }

  step(): void {
    const operation = this.random.operation(this.model);
    const eventsBefore = this.model.events.length;
    const applied = perform(this.space, operation);
    expect(plain(outcome(applied))).toEqual(this.model.apply(operation));
    expect(applied.revision).toBe(this.model.current);
    expect(applied.events.map(plainEvent)).toEqual(this.model.events.slice(eventsBefore));
    expect(this.space.compactRevision).toBe(this.model.compacted);
    this.#readRange();
    if (this.random.chance(20)) this.#readEvents();
    if (this.random.chance(10)) this.#readLeases();
    if (this.random.chance(3)) this.#roundTrip();
    if (this.random.chance(3)) this.#capture();
  }

  /** Everything, at each revision that can be read. */
  readAll(): void {
    for (let revision = Math.max(1, this.model.compacted); revision <= this.model.current; revision += 1) {
      const request = rangeRequest("\0", { end: "\0", revision });
      const read = this.space.range(request);
      expect(read.ok && plain(read.response)).toEqual(this.model.range(request));
    }
  }

  #readRange(): void {
    const request = this.random.range(this.model);
    const read = this.space.range(request);
    expect(read.ok ? plain(read.response) : read.error).toEqual(this.model.range(request));
  }

  #readEvents(): void {
    const revision = Math.max(1, this.random.revision(this.model));
    const { key, rangeEnd } = this.random.range(this.model);
    const read = this.space.eventsSince({
      revision,
      key,
      rangeEnd,
      eventsMax: 1_000,
      bytesMax: 1e9,
      prevKv: false,
    });
    if (revision < this.model.compacted) {
      expect(read).toEqual({ ok: false, error: "compacted" });
      return;
    }
    const isIn = (each: string) =>
      rangeEnd.length === 0
        ? each === text(key)
        : each >= text(key) && (text(rangeEnd) === "\0" || each < text(rangeEnd));
    // Of the compaction's revision itself only the last change of a key is left.
    const wanted = this.model.events.filter(
      ({ kv }, at) =>
        kv.modRevision >= revision &&
        isIn(kv.key) &&
        !(kv.modRevision === this.model.compacted && this.#changesAgain(at)),
    );
    expect(read.ok && read.events.map(plainEvent)).toEqual(wanted);
    if (revision > 1 && this.model.compacted < revision && revision <= this.model.current) {
      const before = this.model.at(revision - 1).get("a") ?? null;
      expect(plain(this.space.before(bytes("a"), revision))).toEqual(before);
    }
  }

  #changesAgain(at: number): boolean {
    const event = this.model.events[at];
    return this.model.events
      .slice(at + 1)
      .some(({ kv }) => kv.key === event?.kv.key && kv.modRevision === event.kv.modRevision);
  }

  #readLeases(): void {
    expect([...this.space.leases.all()].map(({ id }) => id)).toEqual([...this.model.leases.keys()]);
    for (const id of this.model.leases.keys())
      expect(this.space.leases.keysOf(id)).toEqual(this.model.keysOf(id));
  }

  #roundTrip(): void {
    const before = this.space;
    const reader = new KeySpaceReader();
    for (const part of encodeKeySpace(before.capture())) expect(reader.add(part)).toBeNull();
    const restored = reader.finish();
    if (!restored.ok) throw new Error(restored.message);
    this.space = restored.keySpace;
    expect(this.space.digest).toBe(before.digest);
    expect(hashOf(this.space)).toBe(hashOf(before));
  }

  #capture(): void {
    if (this.#captured !== null) {
      expect(Buffer.concat([...this.#captured.parts()]).equals(this.#captured.bytes)).toBe(true);
    }
    const view = this.space.capture();
    const parts = () => encodeKeySpace(view);
    this.#captured = { parts, bytes: Buffer.concat([...parts()]) };
  }
}

const plainEvent = ({ type, kv }: { type: number; kv: unknown }) => ({ type, kv: plain(kv) });

function hashOf(space: KeySpace): number | string {
  const read = space.hashKv(0);
  return read.ok ? drained(read.response.hash) : read.error;
}

test.each(seeds)("small values, seed %i", (seed) => {
  const run = new Run(seed, 0);
  for (let step = 0; step < 300; step += 1) run.step();
  run.readAll();
});

test.each(seeds.slice(0, 4))("values that fill segments, seed %i", (seed) => {
  const run = new Run(seed, 40);
  for (let step = 0; step < 120; step += 1) run.step();
  run.readAll();
});
