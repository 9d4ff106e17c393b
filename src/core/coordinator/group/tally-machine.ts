// What groups of kind tally replicate: the number of entries, and a digest of all of them in order. By these, replicas
// can be compared (ADR-0008). It is a kind for tests and measurements. Its entries and snapshots have no versions, so it
// could never change (ADR-0015).

import { createHash } from "node:crypto";
import { Exit, OperatorError } from "../../base/errors.ts";
import type { LogIndex } from "../../base/ids.ts";
import type { Machine, Restoring } from "./machine.ts";

export interface Tally {
  readonly entries: number;
  /** SHA-256 of the previous digest and the newest entry, in hexadecimal; empty before the first. */
  readonly digest: string;
}

const NOTHING: Tally = { entries: 0, digest: "" };
const TEXT_MAX = 80;
const SHAPE = /^(\d{1,15}) ([0-9a-f]{64})$/;

export class TallyMachine implements Machine<Tally> {
  #tally = NOTHING;

  get tally(): Tally {
    return this.#tally;
  }

  /** They are not looked into. */
  knows(): boolean {
    return true;
  }

  apply(_index: LogIndex, data: Uint8Array): Tally | null {
    if (data.length === 0) return null;
    const { entries, digest } = this.#tally;
    const next = createHash("sha256").update(digest).update(data).digest("hex");
    this.#tally = { entries: entries + 1, digest: next };
    return this.#tally;
  }

  restore(index: LogIndex): Restoring {
    return reading(index, (tally) => {
      this.#tally = tally;
    });
  }

  check(index: LogIndex): Restoring {
    return reading(index, () => undefined);
  }

  capture(): () => AsyncIterable<Uint8Array> {
    const { entries, digest } = this.#tally;
    const text = entries === 0 ? "" : `${entries} ${digest}`;
    return async function* encode() {
      yield new TextEncoder().encode(text);
    };
  }
}

function reading(index: LogIndex, then: (tally: Tally) => void): Restoring {
  let text = "";
  return {
    add: (part) => {
      text += new TextDecoder().decode(part);
      if (text.length > TEXT_MAX) throw noTally(index);
    },
    finish: () => then(parse(index, text)),
  };
}

/** A group is bootstrapped without data. */
function parse(index: LogIndex, text: string): Tally {
  if (text === "") return NOTHING;
  const [, entries, digest] = SHAPE.exec(text) ?? [];
  if (entries !== undefined && digest !== undefined) return { entries: Number(entries), digest };
  throw noTally(index);
}

function noTally(index: LogIndex): OperatorError {
  return new OperatorError("SNAPSHOT_DAMAGED", {
    what: `the snapshot at index ${index} is no tally`,
    why: "its bytes changed on disk or on the way, or another version wrote it",
    next: "stop this node, move its data folder away and start it again: it takes a fresh copy from its peers",
    exit: Exit.Failure,
  });
}
