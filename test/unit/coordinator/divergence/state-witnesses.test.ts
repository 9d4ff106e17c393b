// Which voters can still contradict a leader's state, as a table: what they did at the last checkpoints, to who is left.

import { expect, test } from "vitest";
import { logIndex, type NodeId, nodeId, term } from "../../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../../src/core/base/only-voters.ts";
import type { StateAnswer } from "../../../../src/core/coordinator/divergence/state-verdict.ts";
import {
  SILENT_CHECKPOINTS,
  Witnesses,
} from "../../../../src/core/coordinator/divergence/state-witnesses.ts";
import type { ProgressStatus } from "../../../../src/core/raft/status.ts";

const SELF = nodeId(1);
const [OWN, OTHER] = ["a".repeat(16), "b".repeat(16)];
const SNAPSHOT = logIndex(100);

class World {
  term = term(1);
  voters = [1, 2, 3];
  unheard = new Set<number>();
  match = new Map([
    [2, 10],
    [3, 10],
  ]);
  answers = new Map<NodeId, StateAnswer>();
  readonly witnesses: Witnesses;

  constructor() {
    const world = this;
    this.witnesses = new Witnesses({
      self: SELF,
      driver: {
        get term() {
          return world.term;
        },
        status: () => world.#status(),
      },
      hears: (peer) => !this.unheard.has(peer),
    });
  }

  get areSilent(): boolean {
    return this.witnesses.areSilent(this.answers, OWN);
  }

  end(checkpoints: number): void {
    for (let ended = 0; ended < checkpoints; ended += 1) this.witnesses.ended(this.answers);
  }

  answer(voter: number, answer: StateAnswer): void {
    this.answers.set(nodeId(voter), answer);
  }

  waits(voter: number): void {
    this.witnesses.waits(nodeId(voter), SNAPSHOT);
  }

  #status() {
    const voters = this.voters.map((id) => nodeId(id));
    const progress = [...this.match].map(([id, match]) => [nodeId(id), { match } as ProgressStatus] as const);
    const config = onlyVoters(voters);
    return { config, progress: new Map(progress) };
  }
}

const END = SILENT_CHECKPOINTS;

interface Row {
  readonly what: (world: World) => void;
  readonly areSilent: boolean;
  readonly why: string;
}

test.each<Row>([
  { what: () => undefined, areSilent: false, why: "they may still answer" },
  {
    what: (world) => world.end(END - 1),
    areSilent: false,
    why: "the last checkpoint is still to be answered",
  },
  { what: (world) => world.end(END), areSilent: true, why: "they had as many checkpoints as they get" },
  {
    what: (world) => {
      world.end(END);
      world.answer(2, OTHER);
    },
    areSilent: false,
    why: "one has another state",
  },
  {
    what: (world) => {
      world.end(END);
      world.answer(2, OWN);
      world.answer(3, null);
    },
    areSilent: true,
    why: "one agrees, and the other one is fenced",
  },
  {
    what: (world) => {
      world.answer(2, OWN);
      world.end(END - 1);
      world.answers.delete(nodeId(2));
      world.end(END - 1);
    },
    areSilent: false,
    why: "one answered until lately",
  },
  {
    what: (world) => {
      world.waits(2);
      world.waits(3);
    },
    areSilent: true,
    why: "both wait for the snapshot",
  },
  {
    what: (world) => {
      world.waits(2);
      world.waits(3);
      world.match.set(3, 100);
    },
    areSilent: false,
    why: "one that waited for it has it now",
  },
  {
    what: (world) => {
      world.waits(2);
      world.waits(3);
      world.term = term(2);
    },
    areSilent: false,
    why: "in a new term nothing is known of them",
  },
  {
    what: (world) => {
      world.unheard.add(2);
      world.end(END);
      world.unheard.delete(2);
    },
    areSilent: false,
    why: "one was down and is heard again",
  },
  {
    what: (world) => {
      world.voters = [1];
    },
    areSilent: true,
    why: "there is no other voter",
  },
])("silent: $areSilent, since $why", ({ what, areSilent }) => {
  const world = new World();
  what(world);
  expect(world.areSilent).toBe(areSilent);
});

test("one that waits for a snapshot has no say, unless it answers nevertheless", () => {
  const world = new World();
  world.waits(2);
  expect(world.witnesses.withWaiting(world.answers).get(nodeId(2))).toBeNull();
  world.answer(2, OTHER);
  expect(world.witnesses.withWaiting(world.answers).get(nodeId(2))).toBe(OTHER);
});
