// The log as this host has applied it: its program's state, the outbox, and who leads. No I/O. What must stay true:
// each entry is applied once, in order of revision, and the outbox follows from the entries alone (ADR-0053).

import { assert } from "../../core/base/assert.ts";
import type { OperatorError } from "../../core/base/errors.ts";
import type { Json, Program } from "./coordinator.ts";
import { effectUnknown, operationRefused, operationUnknown } from "./errors.ts";
import type { LogEvent, Placed } from "./log-keys.ts";

/** An effect that no completion was recorded for. */
export interface PendingEffect {
  readonly index: number;
  readonly number: number;
  readonly name: string;
  readonly payload: Json;
}

export interface Leader {
  readonly host: string;
  /** The revision that made it leader. */
  readonly term: number;
}

/** A host's state at an index. */
export interface Captured {
  readonly index: number;
  readonly state: Json;
  readonly outbox: readonly PendingEffect[];
}

/** What became of an operation that this host submitted. */
export type Applied =
  | { readonly index: number; readonly result: Json }
  | { readonly index: number; readonly refusal: OperatorError };

/** As a snapshot keeps it. Throws what JSON throws: then the operation is refused, on every host. */
const asData = (payload: Json): Json => JSON.parse(JSON.stringify(payload)) as Json;

const effectKey = (index: number, number: number): string => `${index}.${number}`;

export class AppliedLog {
  readonly #program: Program;
  readonly #outbox = new Map<string, PendingEffect>();
  readonly #expected = new Map<string, Applied | null>();
  readonly #listeners = new Set<() => void>();
  #id = "";
  #index = 0;
  #revision = 0;
  #leader: Leader | null = null;
  #headRevision = 0;
  #sinceSnapshot = 0;
  #bytesSinceSnapshot = 0;
  #rebuilds = 0;
  #isRebuilding = false;
  #failure: OperatorError | null = null;

  constructor(program: Program) {
    this.#program = program;
  }

  /** Tells this log from others of its name; empty before the first `restore`. */
  get id(): string {
    return this.#id;
  }

  /** Of the last applied entry. */
  get index(): number {
    return this.#index;
  }

  /** Everything through this revision was applied. */
  get revision(): number {
    return this.#revision;
  }

  get leader(): Leader | null {
    return this.#leader;
  }

  /** The revision of the newest snapshot's head; 0 = no snapshot. */
  get headRevision(): number {
    return this.#headRevision;
  }

  get entriesSinceSnapshot(): number {
    return this.#sinceSnapshot;
  }

  get bytesSinceSnapshot(): number {
    return this.#bytesSinceSnapshot;
  }

  /** How often it began from a snapshot. */
  get rebuilds(): number {
    return this.#rebuilds;
  }

  /** Why it can't continue. */
  get failure(): OperatorError | null {
    return this.#failure;
  }

  /** The pending effect that comes first; null during a rebuild, when its completion may not have been read yet. */
  get nextEffect(): PendingEffect | null {
    if (this.#isRebuilding) return null;
    for (const effect of this.#outbox.values()) return effect;
    return null;
  }

  /** True during a rebuild: it is not known then. */
  isPending({ index, number }: Pick<PendingEffect, "index" | "number">): boolean {
    return this.#isRebuilding || this.#outbox.has(effectKey(index, number));
  }

  /** Keeps what becomes of this operation, until `forget`. */
  expect(id: string): void {
    this.#expected.set(id, null);
  }

  forget(id: string): void {
    this.#expected.delete(id);
  }

  /** Null: it has not been applied here as an entry. */
  outcome(id: string): Applied | null {
    return this.#expected.get(id) ?? null;
  }

  /** Calls `listener` after each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins a rebuild: replaces everything by a snapshot; null = the log's beginning. */
  restore(id: string, captured: Captured | null, headRevision: number, leader: Leader | null): void {
    this.#id = id;
    this.#program.state.restore(captured?.state ?? null);
    this.#index = captured?.index ?? 0;
    this.#revision = this.#index;
    this.#outbox.clear();
    for (const effect of captured?.outbox ?? []) this.#add(effect);
    this.#headRevision = headRevision;
    this.#leader = leader;
    this.#sinceSnapshot = 0;
    this.#bytesSinceSnapshot = 0;
    this.#rebuilds += 1;
    this.#isRebuilding = true;
  }

  /** It has everything that was there when `restore` was called. */
  endRebuild(): void {
    this.#isRebuilding = false;
    this.#notify();
  }

  /** Whole revisions, in order; then everything through `revision` is known. */
  take(placed: readonly Placed[], revision: number): void {
    for (const each of placed) {
      if (this.#failure !== null) break;
      assert(each.revision >= this.#revision, "entries come in order of their revisions");
      this.#bytesSinceSnapshot += each.bytes;
      this.#apply(each.revision, each.event);
    }
    if (this.#failure === null) this.#revision = Math.max(this.#revision, revision);
    this.#notify();
  }

  fail(error: OperatorError): void {
    this.#failure ??= error;
    this.#notify();
  }

  capture(): Captured {
    return { index: this.#index, state: this.#program.state.capture(), outbox: [...this.#outbox.values()] };
  }

  #apply(revision: number, event: LogEvent): void {
    switch (event.kind) {
      case "operation":
        this.#applyOperation(revision, event);
        break;
      case "completion":
        this.#applyCompletion(revision, event);
        break;
      case "leader":
        this.#leader = { host: event.host, term: revision };
        break;
      case "no-leader":
        this.#leader = null;
        break;
      case "snapshot":
        this.#headRevision = revision;
        this.#sinceSnapshot = 0;
        this.#bytesSinceSnapshot = 0;
        break;
    }
    if (this.#failure === null) this.#revision = revision;
  }

  #applyOperation(
    index: number,
    { id, operation, payload }: Extract<LogEvent, { readonly kind: "operation" }>,
  ): void {
    const applier = this.#program.appliers[operation];
    if (applier === undefined) {
      this.#failure = operationUnknown(operation);
      return;
    }
    const applied = this.#asking(index, (effect) => applier(payload, { index, effect }) ?? null, operation);
    if (this.#expected.has(id)) this.#expected.set(id, applied);
  }

  /** A second completion, and one of an effect that is unknown here, changes nothing. */
  #applyCompletion(index: number, completion: Extract<LogEvent, { readonly kind: "completion" }>): void {
    const pending = this.#outbox.get(effectKey(completion.index, completion.number));
    if (pending === undefined) return;
    this.#outbox.delete(effectKey(pending.index, pending.number));
    const { completed } = this.#program.effects?.[pending.name] ?? {};
    const { result } = completion;
    this.#asking(
      index,
      (effect) => completed?.(result, pending.payload, { index, effect }) ?? null,
      pending.name,
    );
  }

  /** Runs an applier. The effects of one that throws are not performed. */
  #asking(
    index: number,
    run: (effect: (name: string, payload: Json) => void) => Json,
    name: string,
  ): Applied {
    const asked: PendingEffect[] = [];
    const effect = (effectName: string, payload: Json) => {
      if (this.#program.effects?.[effectName] === undefined) throw effectUnknown(effectName);
      asked.push({ index, number: asked.length, name: effectName, payload: asData(payload) });
    };
    this.#index = index;
    this.#sinceSnapshot += 1;
    try {
      const result = run(effect);
      for (const each of asked) this.#add(each);
      return { index, result };
    } catch (error) {
      return { index, refusal: operationRefused(name, error) };
    }
  }

  #add(effect: PendingEffect): void {
    this.#outbox.set(effectKey(effect.index, effect.number), effect);
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
