// Found by simulation (seed 2805 of its time): with configurations that take effect when they are applied, a candidate
// that has not heard that a joint configuration was left needs the vote of somebody who is a learner now, and who
// refuses for its longer log. Nobody could be elected although a quorum of the new configuration was well.

import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { encodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import type { Entry } from "../../../src/core/raft/message.ts";
import { MemoryLog } from "../../../src/core/storage/memory.ts";
import { bytes, confState, entry, Network, Peer } from "./network.ts";

const joint = confState([1, 3, 4], { votersOutgoing: [1, 2, 3].map(nodeId), learnersNext: [nodeId(2)] });
const leave: Entry = {
  ...entry(1, 2),
  type: "conf-change-v2",
  data: encodeConfChange({ transition: "auto", changes: [], context: bytes("") }),
};

/** Entry 1 is in the snapshot; 2 leaves the joint configuration. */
function peer(id: number, last: number, commit: number): Peer {
  const log = new MemoryLog();
  log.applySnapshot({ index: logIndex(1), term: term(1), confState: joint, data: bytes("") });
  const entries = [leave, entry(1, 3), entry(1, 4)].filter(({ index }) => index <= last);
  log.append(entries);
  log.setHardState({ term: term(1), vote: nodeId(0), commit: logIndex(commit) });
  return new Peer(id, log, { preVote: true, checkQuorum: true });
}

test.each([
  { commit: 3, role: "leader", why: "the learner knows that the joint configuration was left, and says so" },
  { commit: 1, role: "pre-candidate", why: "nobody knows, so both halves must elect" },
])("a refused vote tells what is committed: $why", ({ commit, role }) => {
  // 1 lags, 2 was demoted and holds more than 4, and 3, which led, is gone.
  const network = new Network([peer(1, 1, 1), peer(2, 4, commit), peer(4, 3, 1)]);
  network.settle();
  const candidate = network.peer(4);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    candidate.raft.campaign();
    network.settle();
  }
  expect(candidate.status.role).toBe(role);
});

test("a hint at an entry that is not here commits nothing", () => {
  const network = new Network([peer(1, 1, 1), peer(2, 4, 4), peer(4, 3, 1)]);
  network.settle();
  network.peer(1).raft.campaign();
  network.settle();
  expect(network.peer(1).status.commit).toBe(1);
});
