// The consensus core of a simulated process, with limits that are small enough to be reached.

import { logIndex, type NodeId } from "../base/ids.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { RaftConfig } from "../raft/raft-config.ts";
import { RaftNode } from "../raft/raft-node.ts";
import { Chance } from "./chance.ts";
import type { Swarm } from "./swarm.ts";

const KILOBYTE = 1_024;

interface RaftChoices extends Pick<RaftConfig, "electionTicks" | "heartbeatTicks" | "readOnly"> {
  readonly node: NodeId;
  /** Of each start of each replica another number. */
  readonly life: number;
  readonly log: LogReader;
}

export function simulatedRaft(swarm: Swarm, { node, life, ...choices }: RaftChoices): RaftNode {
  const { seed, messageBytesMax, inflightMessagesMax, committedBytesMax } = swarm;
  return new RaftNode({
    ...choices,
    id: node,
    random: Chance.of(seed, "raft", life),
    applied: logIndex(0),
    asyncStorageWrites: true,
    preVote: true,
    checkQuorum: true,
    messageBytesMax,
    inflightMessagesMax,
    inflightBytesMax: 4 * KILOBYTE,
    uncommittedBytesMax: 2 * KILOBYTE,
    committedBytesPerReadyMax: committedBytesMax,
    disableProposalForwarding: true,
    disableConfChangeValidation: false,
    stepDownOnRemoval: true,
    commitHints: true,
  });
}
