// All proposals of a turn are one append (issue 10 §5: each cost eight messages, and 256 of them filled a window).

import { expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { bytes, Network, type Peer } from "./network.ts";

const texts = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => bytes(`write ${at}`));

function leaderOf(network: Network): Peer {
  const leader = network.elect(1);
  network.tick(1, 1);
  return leader;
}

test.each([1, 2, 64, 300])(
  "%i proposals are one message a follower and one acknowledgement of the leader's own",
  (count) => {
    const network = Network.of(3);
    const leader = leaderOf(network);
    const { lastIndex, term } = leader.status;
    const proposed = leader.raft.proposeBatch(texts(count));
    const indexes = Array.from({ length: count }, (_, at) => lastIndex + 1 + at);
    expect(proposed).toEqual({ ok: true, term, indexes });
    const sent = leader.process();
    expect(sent.map(({ type, to, entries }) => [type, to, entries.length])).toEqual([
      ["MsgApp", 2, count],
      ["MsgApp", 3, count],
    ]);
    expect(leader.status.progress.get(nodeId(2))?.inflight).toBe(1);
    for (const message of sent) network.deliver(message);
    network.settle();
    expect(leader.appliedTexts).toHaveLength(count);
    expect(network.peer(2).terms).toEqual(leader.terms);
  },
);

test("what is more than a message holds goes in several at once, as far as the window allows", () => {
  const network = Network.of(3, { messageBytesMax: 64, inflightMessagesMax: 4 });
  const leader = leaderOf(network);
  leader.raft.proposeBatch(texts(64));
  const sent = leader.process().filter(({ to }) => to === 2);
  expect(sent).toHaveLength(4);
  for (const message of sent) network.deliver(message);
  network.settle();
  expect(leader.status.commit).toBe(leader.status.lastIndex);
});

test("by seed: a batch comes to what its proposals come to one after the other", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = new SeededPrng(seed);
    const [together, apart] = [0, 1].map(() => leaderOf(Network.of(3, { uncommittedBytesMax: 100 })));
    for (let round = 0; round < 4; round += 1) {
      const batch = Array.from(
        { length: 1 + random.below(12) },
        () => new Uint8Array(random.below(5) * random.below(30)),
      );
      const proposed = together?.raft.proposeBatch(batch);
      const single = batch.map((data) => apart?.raft.propose(data));
      expect(proposed?.ok && proposed.indexes, `seed ${seed}`).toEqual(
        single.map((one) => (one?.ok && !one.forwarded ? one.index : null)),
      );
      expect(together?.status.lastIndex).toBe(apart?.status.lastIndex);
    }
  }
});

test("who may not propose is refused as a whole, and nothing is appended", () => {
  const network = Network.of(3);
  expect(network.peer(2).raft.proposeBatch(texts(3))).toEqual({ ok: false, reason: "no-leader" });
  const leader = leaderOf(network);
  expect(network.peer(2).raft.proposeBatch(texts(3))).toEqual({ ok: false, reason: "not-leader" });
  network.isolate(2);
  leader.raft.transferLeader(nodeId(2));
  const { lastIndex } = leader.status;
  expect(leader.raft.proposeBatch(texts(3))).toEqual({ ok: false, reason: "transferring" });
  expect(leader.status.lastIndex).toBe(lastIndex);
});
