// Searches an order of a history's operations that respects real time and that the model allows (Wing & Gong
// 1993, with Lowe's memoization, 2017). Depth first and iterative. The next operation must be called before
// any unplaced operation has returned; when none fits, the search backtracks. Operations of unknown outcome
// are tried last: an order that uses fewer of them can still be extended in more ways. What must stay true:
// "linearizable" and "not-linearizable" are proofs. Deliberately absent: a wall clock; the budget counts
// steps.

import { assert, present } from "../base/assert.ts";
import type { Bitset } from "./bitset.ts";
import { type Configuration, ConfigurationSet } from "./configuration-set.ts";
import { END } from "./entry-list.ts";
import type { History, Operation } from "./history.ts";
import type { Model, StateKey } from "./model.ts";
import { type Outlook, outlook } from "./outlook.ts";
import { Unplaced } from "./unplaced.ts";

export type SearchResult<State, Input, Output> =
  | { readonly kind: "linearizable"; readonly order: History<Input, Output>; readonly steps: number }
  | {
      readonly kind: "not-linearizable";
      readonly deadEnd: DeadEnd<State, Input, Output>;
      readonly steps: number;
    }
  | { readonly kind: "unknown"; readonly steps: number };

/** The point where the longest order ended. */
export interface DeadEnd<State, Input, Output> {
  /** The operation that had to be next because of its return, and could not be. */
  readonly blocked: Operation<Input, Output>;
  /** The operations that were placed: at least all that returned before `blocked` did. */
  readonly order: History<Input, Output>;
  /** The state after `order`. */
  readonly state: State;
}

/** The visited configurations; `add` says whether this one is worth a visit. */
export interface Visited {
  add(configuration: Configuration): boolean;
}

/** The number that all unseen states share: their configurations are equivalent. */
const UNSEEN = 0xffff_fffe;

interface Choice<State, Input, Output> {
  readonly operation: Operation<Input, Output>;
  /** The cursor at which the operation was chosen, and the state before it. */
  readonly entry: number;
  readonly openIndex: number;
  readonly state: State;
  readonly stateNumber: number;
}

/** Gives up with "unknown" once `stepsMax` steps of the model have been tried. */
export function search<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  stepsMax: number,
  visited?: Visited,
): SearchResult<State, Input, Output> {
  return new Search(model, history, visited).run(stepsMax);
}

class Search<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #unplaced: Unplaced<Input, Output>;
  readonly #visited: Visited;
  /** Each state that was reached has a number, so that configurations compare by numbers. */
  readonly #stateNumbers = new Map<StateKey, number>();
  readonly #choices: Choice<State, Input, Output>[] = [];
  #state: State;
  #stateNumber: number;
  /**
   * The next operations to try: the calls in the list up to its first return, then the open operations called
   * before it.
   */
  #entry: number;
  #openIndex = 0;
  /** The furthest return that no order could pass. */
  #furthest = END;
  #deadEnd: DeadEnd<State, Input, Output> | null = null;
  #steps = 0;

  constructor(model: Model<State, Input, Output>, history: History<Input, Output>, visited?: Visited) {
    this.#model = model;
    this.#unplaced = new Unplaced(history);
    const { completedPlaced, openPlaced, list } = this.#unplaced;
    this.#visited = visited ?? new ConfigurationSet(completedPlaced.words.length, openPlaced.words.length);
    this.#state = model.initial();
    this.#stateNumber = this.#numberOf(this.#state);
    this.#entry = list.first();
  }

  run(stepsMax: number): SearchResult<State, Input, Output> {
    this.#visited.add(this.#configuration(this.#stateNumber));
    // Operations of unknown outcome need no place: they may never have taken effect.
    while (this.#unplaced.list.first() !== END) {
      if (this.#steps >= stepsMax) return { kind: "unknown", steps: this.#steps };
      if (this.#goOn()) continue;
      this.#noteDeadEnd();
      if (this.#takeBack()) continue;
      const deadEnd = present(this.#deadEnd, "a search fails at a dead end");
      return { kind: "not-linearizable", deadEnd, steps: this.#steps };
    }
    return { kind: "linearizable", order: this.#order(), steps: this.#steps };
  }

  /** Places the next operation that fits; false = none fits. */
  #goOn(): boolean {
    const { list, completedPlaced, open, openPlaced } = this.#unplaced;
    for (; list.isCall(this.#entry); this.#entry = list.next(this.#entry)) {
      const operation = this.#unplaced.operationAt(this.#entry);
      if (!this.#place(operation, completedPlaced, list.operation(this.#entry))) continue;
      list.lift(this.#entry);
      this.#restartCursor();
      return true;
    }
    for (; this.#openIndex < open.length; this.#openIndex += 1) {
      const operation = this.#unplaced.openAt(this.#openIndex);
      if (operation.call > this.#firstReturned().completion.at) return false;
      if (openPlaced.has(this.#openIndex)) continue;
      if (!this.#place(operation, openPlaced, this.#openIndex)) continue;
      this.#restartCursor();
      return true;
    }
    return false;
  }

  /** Places the operation, if the model allows it and the result is a new configuration. */
  #place(operation: Operation<Input, Output>, placed: Bitset, index: number): boolean {
    this.#steps += 1;
    const next = this.#model.step(this.#state, operation.input, operation.completion?.output);
    if (next === undefined) return false;
    const nextNumber = this.#numberOf(next);
    const expected = nextNumber === this.#stateNumber ? "open" : this.#outlook(next, operation);
    if (expected === "hopeless") return false;
    placed.flip(index);
    if (!this.#visited.add(this.#configuration(expected === "unseen" ? UNSEEN : nextNumber))) {
      placed.flip(index);
      return false;
    }
    const [state, stateNumber] = [this.#state, this.#stateNumber];
    this.#choices.push({ operation, entry: this.#entry, openIndex: this.#openIndex, state, stateNumber });
    this.#state = next;
    this.#stateNumber = nextNumber;
    return true;
  }

  #outlook(state: State, placing: Operation<Input, Output>): Outlook {
    const { lookAhead } = this.#model;
    return lookAhead === null ? "open" : outlook(lookAhead, this.#unplaced, placing, state);
  }

  #isRead({ input }: Operation<Input, Output>): boolean {
    return this.#model.lookAhead?.isRead(input) ?? false;
  }

  /** Undoes the last choice that had an alternative and moves the cursor past it; false = there is none. */
  #takeBack(): boolean {
    for (let choice = this.#choices.pop(); choice !== undefined; choice = this.#choices.pop()) {
      this.#undo(choice);
      // A read that fits is best placed now: it restrains no other operation, and later it may not fit.
      if (!this.#isRead(choice.operation)) return true;
    }
    return false;
  }

  #undo(choice: Choice<State, Input, Output>): void {
    this.#state = choice.state;
    this.#stateNumber = choice.stateNumber;
    const { list, completedPlaced, openPlaced } = this.#unplaced;
    if (choice.operation.completion === null) {
      openPlaced.flip(choice.openIndex);
      this.#entry = choice.entry;
      this.#openIndex = choice.openIndex + 1;
    } else {
      list.unlift(choice.entry);
      completedPlaced.flip(list.operation(choice.entry));
      this.#entry = list.next(choice.entry);
      this.#openIndex = 0;
    }
  }

  #restartCursor(): void {
    this.#entry = this.#unplaced.list.first();
    this.#openIndex = 0;
  }

  #noteDeadEnd(): void {
    if (this.#entry <= this.#furthest) return;
    this.#furthest = this.#entry;
    this.#deadEnd = { blocked: this.#firstReturned(), order: this.#order(), state: this.#state };
  }

  /** The unplaced operation that returned first. The cursor has passed the calls before that return. */
  #firstReturned() {
    assert(
      this.#entry !== END && !this.#unplaced.list.isCall(this.#entry),
      "the cursor is at the first return",
    );
    return this.#unplaced.operationAt(this.#entry);
  }

  #configuration(state: number): Configuration {
    const { completedPlaced, openPlaced } = this.#unplaced;
    return { completed: completedPlaced, open: openPlaced, state };
  }

  #order(): History<Input, Output> {
    return this.#choices.map(({ operation }) => operation);
  }

  #numberOf(state: State): number {
    const key = this.#model.keyOf(state);
    const known = this.#stateNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#stateNumbers.size;
    this.#stateNumbers.set(key, number);
    return number;
  }
}
