// Deliberate bugs in what drives a replica: its disk, its membership, its snapshots, its trust in its state.

import type { Mutation } from "./mutation.ts";

const COORDINATOR = "src/core/coordinator";

export const COORDINATOR_MUTATIONS: readonly Mutation[] = [
  {
    name: "acknowledge-before-sync",
    rule: "an acknowledgement leaves only after the sync that covers it",
    edits: [
      {
        file: `${COORDINATOR}/group/appending.ts`,
        search: "    stored.then(",
        replace: "    stored.catch(() => undefined);\n    Promise.resolve().then(",
      },
    ],
  },
  {
    name: "campaign-before-sync",
    rule: "votes are asked for once the candidate's own is durable (Raft Figure 2)",
    edits: [
      {
        file: `${COORDINATOR}/group/group-driver.ts`,
        search: 'else if (message.type !== "MsgVote") this.#send(message);',
        replace: "else this.#send(message);",
      },
    ],
  },
  {
    name: "rejoin-with-vote",
    rule: "a replica that lost its disk neither votes nor campaigns before it is whole again (ADR-0002)",
    edits: [
      {
        file: `${COORDINATOR}/membership/admission.ts`,
        search:
          "this.#isAmnesiac = options.isAmnesiac;\n    this.#mayFollow = options.driver.status().lastIndex > 0;",
        replace: "this.#isAmnesiac = false;\n    this.#mayFollow = true;",
      },
    ],
  },
  {
    name: "group-begins-again-after-a-lost-disk",
    rule: "a group that may have been on a lost disk does not begin with an empty state (ADR-0049)",
    edits: [
      {
        file: `${COORDINATOR}/membership/beginning.ts`,
        search: "const mayHaveVoted = isLost || isAmnesiac || row.version <= forgotThrough;",
        replace: "const mayHaveVoted = isLost && isAmnesiac && row.version < 0;",
      },
    ],
  },
  {
    name: "group-votes-after-a-lost-disk",
    rule: "in every group a replica that lost its disk votes only once it is whole (ADR-0049)",
    edits: [
      {
        file: `${COORDINATOR}/membership/open-groups.ts`,
        search: 'isAmnesiac: memory === "lost",',
        replace: "isAmnesiac: false,",
      },
    ],
  },
  {
    name: "group-removes-without-quorum",
    rule: "a group removes a voter only while the others that answer are a quorum without it (ADR-0049)",
    edits: [
      {
        file: `${COORDINATOR}/membership/group-step.ts`,
        search: "if (problem !== null) return wait(problem);",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/coordinator/membership/group-step.test.ts",
      name: "without it there is no quorum: wait: without n3 the voters are n1, n2;…",
    },
  },
  {
    name: "group-keeps-removed-leader",
    rule: "followers take leadership from a leader that was removed and can't know it (ADR-0049)",
    edits: [
      {
        file: `${COORDINATOR}/membership/lead-groups.ts`,
        search: "if (driver.status().config.voters.includes(self)) driver.transferLeader(self);",
        replace: "",
      },
    ],
  },
  {
    name: "row-before-configuration",
    rule: "a member leaves the configuration first, and then the table (ADR-0004)",
    edits: [
      {
        file: `${COORDINATOR}/membership/change-membership.ts`,
        search: `await takeOut(order, id);
  if (!isRemoved) await write(order, { $case: "removeMember", value: { nodeId: id } });`,
        replace: `if (!isRemoved) await write(order, { $case: "removeMember", value: { nodeId: id } });
  await takeOut(order, id);`,
      },
    ],
  },
  {
    name: "removed-while-coming-in",
    rule: "a member's removal stands behind whatever lets it in (ADR-0004)",
    edits: [
      {
        file: `${COORDINATOR}/membership/change-membership.ts`,
        search: `await takeOut(order, id);`,
        replace: `if (isConfigured(context, id)) await takeOut(order, id);`,
      },
    ],
    test: {
      file: "test/unit/coordinator/membership/change-membership.test.ts",
      name: "a member on its way in is removed behind the entry that lets it in",
    },
  },
  {
    name: "let-in-while-removed",
    rule: "who is being removed is not let in again meanwhile (ADR-0004)",
    edits: [
      {
        file: `${COORDINATOR}/membership/readmit.ts`,
        search: "if (context.changes.isUnderWay(context.driver.status()))",
        replace: "if (wanted === null)",
      },
    ],
  },
  {
    name: "table-without-configuration",
    rule: "the configuration follows the members' table (ADR-0004)",
    edits: [
      {
        file: `${COORDINATOR}/membership/readmission.ts`,
        search: 'return wanted === "voter" && view.match >= view.commit ? "promote" : "follow";',
        replace: 'return wanted === "voter" && view.match > view.commit ? "promote" : "follow";',
      },
    ],
  },
  {
    name: "strangers-unanswered",
    rule: "a replica with an old table answers a member that it does not know yet (liveness, ADR-0004)",
    edits: [
      {
        file: `${COORDINATOR}/membership/roster.ts`,
        search: "this.#introduced.set(peer.id, peer);",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/coordinator/membership/roster.test.ts",
      name: "a member that is not in this replica's old table is known once it has opened a stream",
    },
  },
  {
    name: "version-raised-without-asking-all",
    rule: "the cluster version rises once every member has announced it (ADR-0015)",
    edits: [
      {
        file: `${COORDINATOR}/cluster-version/version-watch.ts`,
        search: "const lowest = Math.min(...members.map((member) => member.knownVersion));",
        replace: "const lowest = Math.max(...members.map((member) => member.knownVersion));",
      },
      {
        file: "src/core/fleet/apply/apply-cluster-version.ts",
        search: "(heard.get(nodeId) ?? 0) >= version) continue;",
        replace: "heard.has(nodeId)) continue;",
      },
    ],
  },
  {
    name: "verdict-ignored",
    rule: "a replica whose state is not the majority's fences itself (ADR-0017)",
    edits: [
      {
        file: `${COORDINATOR}/divergence/state-checks.ts`,
        search: 'else trust.fence({ index, digest: own, expected: digest, cause: "majority", detail: "" });',
        replace: "",
      },
    ],
  },
  {
    name: "unconfirmed-snapshot-sent",
    rule: "a snapshot is kept and sent once a majority has confirmed its state (ADR-0017)",
    edits: [
      {
        file: `${COORDINATOR}/divergence/state-checks.ts`,
        search: "if (trust.confirmedThrough >= index) return true;",
        replace: "if (trust.confirmedThrough >= 0) return true;",
      },
    ],
  },
  {
    name: "capture-without-a-look",
    rule: "a state that changed without an entry is confirmed by nothing that was said of the entry (ADR-0017)",
    edits: [
      {
        file: `${COORDINATOR}/divergence/state-checks.ts`,
        search: "const { trust, onUnconfirmed } = this.#options;\n    this.#lookInside();",
        replace: "const { trust, onUnconfirmed } = this.#options;",
      },
    ],
    test: {
      file: "test/unit/coordinator/group/unconfirmed-snapshot.test.ts",
      name: "what the others confirmed of an entry does not hold for tables that changed after it",
    },
  },
  {
    name: "fenced-never-asks",
    rule: "a fenced replica with the newest log leads as a last resort (liveness, ADR-0017)",
    edits: [
      {
        file: `${COORDINATOR}/divergence/last-resort.ts`,
        search: "return now() - this.#sinceMs >= ELECTION_TIMEOUTS * electionMs;",
        replace: "return now() < this.#sinceMs + 0 * ELECTION_TIMEOUTS * electionMs;",
      },
    ],
    test: {
      file: "test/unit/coordinator/divergence/last-resort.test.ts",
      name: "a fenced one asks after five election timeouts without a leader, and answers others at any time",
    },
  },
  {
    name: "waits-for-the-silent",
    rule: "a voter that leaves three checkpoints unanswered holds no snapshot back (liveness, ADR-0017)",
    edits: [
      {
        file: `${COORDINATOR}/divergence/state-witnesses.ts`,
        search: "return this.#isWaiting(voter) || this.#isSilent(voter);",
        replace: "return this.#isWaiting(voter);",
      },
    ],
    test: {
      file: "test/unit/coordinator/group/unconfirmed-snapshot.test.ts",
      name: "one down, one that needs the snapshot: it gets it",
    },
  },
  {
    name: "hands-over-to-the-same",
    rule: "a leader that is unfit asks the others in turn to take over (liveness, ADR-0017)",
    edits: [
      { file: `${COORDINATOR}/membership/replica.ts`, search: "this.#tried.add(successor);", replace: "" },
    ],
    test: {
      file: "test/unit/coordinator/leadership/hand-over.test.ts",
      name: "a leader that is unfit asks one after the other to take over, until one does",
    },
  },
];
