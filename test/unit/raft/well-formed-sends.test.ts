// Whatever a leader is asked to propose, what it appends and sends is let in by its receivers. One entry that they drop
// would be sent again for ever, and nothing behind it would be committed.

import { expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { nodeId } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import type { ConfChange, ConfOperation } from "../../../src/core/raft/confchange.ts";
import { isWellFormed } from "../../../src/core/raft/well-formed.ts";
import { bytes, Network } from "./network.ts";

/** Of no replica, or of replicas that are never there: the three voters are not among them, so that they stay a quorum. */
const NODES = [0, 4, 5, 6, 2 ** 31 - 1, 2 ** 31, 2 ** 52 - 1, 2 ** 52, 2 ** 52 + 1, 2 ** 53 - 2, 2 ** 53 - 1];
const KINDS: readonly ConfOperation["kind"][] = ["add-learner", "remove", "update"];
const TRANSITIONS: readonly ConfChange["transition"][] = ["auto", "implicit", "explicit"];
const COUNTS = [0, 1, 1, 1, 2, 3, 1_024, 1_025];

function changeOf(random: SeededPrng): ConfChange {
  const one = <T>(values: readonly T[]): T => present(values[random.below(values.length)], "there is one");
  const count = one(COUNTS);
  // Many different ones, where there are many.
  const node = (at: number) => nodeId(count > NODES.length ? 100 + at : one(NODES));
  const changes = Array.from({ length: count }, (_, at) => ({ kind: one(KINDS), node: node(at) }));
  return { transition: one(TRANSITIONS), changes, context: bytes(one(["", "why"])) };
}

const FIRST_SEEDS = Array.from({ length: 10 }, (_, at) => 1 + 10 * at);

test.each(FIRST_SEEDS)(
  "what a leader appends and sends is well-formed to its receivers, and is committed by them: seeds from %i",
  (first) => {
    for (let seed = first; seed < first + 10; seed += 1) {
      const random = new SeededPrng(seed);
      const network = Network.of(3);
      network.loses = (message) => {
        const receiver = network.peers.find(({ id }) => id === message.to);
        const { term } = receiver?.status ?? network.peer(1).status;
        const isLetIn = isWellFormed(message, { id: message.to, term });
        if (!isLetIn) expect.unreachable(`seed ${seed}: ${message.type} to ${message.to} is dropped`);
        return false;
      };
      let leader = network.elect(1);
      for (let step = 0; step < 12; step += 1) {
        leader.raft.proposeConfChange(changeOf(random));
        leader.raft.propose(bytes(`${step}`));
        if (random.below(2) === 0) network.settle();
        if (random.below(6) === 0) leader.compactAll();
        if (random.below(6) === 0) leader = network.elect(1 + random.below(3));
      }
      network.settle();
      leader = network.elect(1 + random.below(3));
      leader.raft.propose(bytes("last"));
      network.settle();
      network.tick(1);
      for (const { status } of network.peers) {
        expect({ seed, id: status.id, commit: status.commit }).toEqual({
          ...{ seed, id: status.id, commit: leader.status.lastIndex },
        });
      }
    }
  },
);
