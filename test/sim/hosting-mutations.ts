// Deliberate bugs in what a process does for all of its groups. They are in quiescence, silence of peers, leadership
// on slow disks, and the queues of messages that wait for a peer. One is in which messages of a peer a group takes
// in.

import type { Mutation } from "./mutation.ts";

const COORDINATOR = "src/core/coordinator";
const TRANSPORT = "src/core/transport";

export const HOSTING_MUTATIONS: readonly Mutation[] = [
  {
    name: "quiescent-without-the-whole-log",
    rule: "a follower becomes quiescent only if it holds its leader's whole log (ADR-0008)",
    edits: [
      {
        file: `${COORDINATOR}/host/quiescence.ts`,
        search:
          "return isFollowing && raft.lastIndex === index && raft.commit === index && raft.applied === index;",
        replace: "return isFollowing && index >= 0;",
      },
    ],
  },
  {
    name: "silent-leader-stays",
    rule: "a peer that hangs is replaced as the leader of quiescent groups once its beats are missed (ADR-0008)",
    edits: [
      {
        file: `${COORDINATOR}/host/host.ts`,
        search: "[...this.#groups.values()].filter(({ rules }) => rules.mayQuiesce),",
        replace: "[],",
      },
    ],
    test: {
      file: "test/unit/coordinator/host/host.test.ts",
      name: "it hangs instead, and no stream closes: the same, once its beats are missed",
    },
  },
  {
    name: "slow-leader-stays",
    rule: "leadership leaves a disk that is slow for good (liveness, ADR-0007)",
    edits: [
      {
        file: `${COORDINATOR}/membership/replica.ts`,
        search: "if (successor !== null) driver.transferLeader(successor);",
        replace: "if (successor !== null) driver.status();",
      },
    ],
  },
  {
    name: "slow-disk-campaigns",
    rule: "a replica with a slow disk leaves campaigns to the others at first (ADR-0007)",
    edits: [
      {
        file: `${COORDINATOR}/membership/replica.ts`,
        search:
          "!this.isAmnesiac && !this.#isFull() && !this.#isFenced() && this.#options.watch?.isSlow !== true,",
        replace: "!this.isAmnesiac && !this.#isFull() && !this.#isFenced(),",
      },
    ],
    test: {
      file: "test/unit/coordinator/leadership/slow-disk.test.ts",
      name: "a replica with a slow disk does not campaign when its leader is gone, and does once it is sound",
    },
  },
  {
    name: "queue-never-refuses",
    rule: "what waits for one peer is bounded by number and by bytes",
    edits: [
      {
        file: `${TRANSPORT}/outgoing-queue.ts`,
        search: "if (isFull && !this.isEmpty) return false;",
        replace: "if (isFull && bytes < 0) return false;",
      },
    ],
    test: {
      file: "test/unit/transport/peer-link.test.ts",
      name: "what waits for a peer that does not read is bounded by bytes, over all groups",
    },
  },
  {
    name: "dropped-message-untold",
    rule: "the group of a message that is dropped hears that its peer is unreachable",
    edits: [
      {
        file: `${TRANSPORT}/peer-link.ts`,
        search: "if (!this.#add(item)) this.#events.unreachable(group);",
        replace: "if (!this.#add(item)) return;",
      },
    ],
    test: {
      file: "test/unit/transport/peer-link.test.ts",
      name: "the group whose message was dropped is told, no other",
    },
  },
  {
    name: "unknown-command-stored",
    rule: "a peer's entry whose command this build cannot know is dropped before it is stored (ADR-0021)",
    edits: [
      {
        file: `${COORDINATOR}/group/group-driver.ts`,
        search: "refusalOf(message, self, machine) ??",
        replace: "refusalOf(message, self, { ...machine, knows: () => true }) ??",
      },
    ],
    test: {
      file: "test/unit/coordinator/cluster-version/unknown-operation.test.ts",
      name: "a leader that writes one gets no follower to store it, and none stops",
    },
  },
];
