// The names of the log's keys in etcd. Numbers are padded, so that keys sort as their indexes do. What must stay true: the
// keys of a view are neighbours, so that one range reads all of them at one revision.

import type { LogIndex, Term } from "../base/ids.ts";

const DIGITS = 16;

export class LogKeys {
  readonly #prefix: string;

  /** `prefix` as an operator gave it; a trailing slash makes no difference. */
  constructor(prefix: string) {
    this.#prefix = prefix.replace(/\/+$/, "");
  }

  get head(): string {
    return `${this.#prefix}/head`;
  }

  get successor(): string {
    return `${this.#prefix}/heir`;
  }

  get leader(): string {
    return `${this.#prefix}/leader`;
  }

  /** The keys of a view: from `head` to here, which is not included. */
  get viewEnd(): string {
    return `${this.#prefix}/log`;
  }

  /** The batch that ends with this entry. */
  batch(last: number): string {
    return `${this.#prefix}/log/${padded(last)}`;
  }

  get logEnd(): string {
    return `${this.#prefix}/log0`;
  }

  /** A part of a batch that is larger than one request. The term: a deposed writer may have left others. */
  part(last: LogIndex, term: Term, number: number): string {
    return `${this.parts(last)}/${padded(term)}/${padded(number)}`;
  }

  /** The parts of all batches that end before `last` come before this. */
  parts(last: number): string {
    return `${this.#prefix}/part/${padded(last)}`;
  }

  get snapshot(): string {
    return `${this.#prefix}/snapshot`;
  }

  chunk(index: number, term: Term, number: number): string {
    return `${this.chunks(index)}/${padded(term)}/${padded(number)}`;
  }

  chunks(index: number): string {
    return `${this.#prefix}/chunk/${padded(index)}`;
  }

  /** All keys of the fleet. */
  get all(): { readonly from: string; readonly end: string } {
    return { from: `${this.#prefix}/`, end: `${this.#prefix}0` };
  }
}

const padded = (number: number): string => String(number).padStart(DIGITS, "0");
