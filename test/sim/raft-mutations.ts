// Deliberate bugs in the consensus core.

import type { Mutation } from "./mutation.ts";

const RAFT = "src/core/raft";

export const RAFT_MUTATIONS: readonly Mutation[] = [
  {
    name: "commit-prior-term",
    rule: "an entry of an earlier term is never committed by counting replicas (Raft §5.4.2)",
    edits: [
      {
        file: `${RAFT}/commit.ts`,
        search: "if (index <= core.log.committed || core.log.term(index) !== core.term) return false;",
        replace: "if (index <= core.log.committed) return false;",
      },
    ],
  },
  {
    name: "forget-vote",
    rule: "the vote survives a restart (Raft Figure 2)",
    edits: [{ file: `${RAFT}/raft-node.ts`, search: "core.vote = hardState.vote;", replace: "" }],
  },
  {
    name: "joint-without-overlap",
    rule: "a joint configuration elects and commits with both its majorities (Raft §4.3)",
    edits: [
      {
        file: `${RAFT}/quorum.ts`,
        search: "return logIndex(Math.min(incoming, outgoing));",
        replace: "return incoming;",
      },
      {
        file: `${RAFT}/quorum.ts`,
        search: "if (incoming === outgoing) return incoming;",
        replace: "if (halves.incoming.size > 0) return incoming;",
      },
    ],
  },
  {
    name: "read-before-first-commit",
    rule: "a leader serves reads only once it has committed an entry of its own term (Raft §6.4)",
    edits: [
      {
        file: `${RAFT}/read-index.ts`,
        search: "if (hasCommittedInTerm(core)) startRead(core, message);",
        replace: "if (core.term > 0) startRead(core, message);",
      },
    ],
  },
  {
    name: "read-without-quorum",
    rule: "a leader serves a read only after a quorum confirmed that it still leads (Raft §6.4)",
    edits: [
      {
        file: `${RAFT}/read-only.ts`,
        search: "logIndex(voter === self ? this.#newest : (this.#confirmed.get(voter) ?? 0)),",
        replace: "logIndex(this.#newest),",
      },
    ],
  },
  {
    name: "two-votes-a-term",
    rule: "a server votes for at most one candidate in a term (Raft §5.2)",
    edits: [
      {
        file: `${RAFT}/election.ts`,
        search: "(core.vote === NO_NODE && core.leader === NO_NODE) ||",
        replace: "core.leader === NO_NODE ||",
      },
    ],
  },
  {
    name: "vote-for-stale-log",
    rule: "a voter refuses a candidate whose log is less up to date than its own (Raft §5.4.1)",
    edits: [
      {
        file: `${RAFT}/election.ts`,
        search: "if (!mayVote || !core.log.isUpToDate({ term: message.logTerm, index: message.index })) {",
        replace: "if (!mayVote) {",
      },
    ],
  },
  {
    name: "keep-conflicting-suffix",
    rule: "an entry that conflicts with the leader's is deleted with all that follow it (Raft Figure 2)",
    edits: [
      {
        file: `${RAFT}/raft-log.ts`,
        search: "const firstNew = entries.findIndex((entry) => !this.matches(entry));",
        replace: "const firstNew = entries.findIndex((entry) => entry.index > this.lastIndex);",
      },
    ],
  },
  {
    name: "replaced-entry-kept-back",
    rule: "an entry that replaced another is written, though its index was written before (Raft §5.3)",
    edits: [
      {
        file: `${RAFT}/unstable.ts`,
        search: "this.#handedOutEnd = logIndex(Math.min(this.#handedOutEnd, from));",
        replace: "",
      },
    ],
  },
  {
    name: "later-term-drops-entries",
    rule: "entries that were acknowledged are written, though a later term was heard of in the same turn",
    edits: [
      {
        file: `${RAFT}/ready-source.ts`,
        search: "const entries = log.unstable.nextEntries();",
        replace:
          "const isNewTerm = this.#hardState.term > 0 && term !== this.#hardState.term;\n" +
          '    const isLeft = isNewTerm && this.#core.role === "follower" && this.#core.leader === NO_NODE;\n' +
          "    const entries = isLeft ? [] : log.unstable.nextEntries();",
      },
    ],
  },
  {
    name: "terms-leap",
    rule: "a message raises the term by no more than can have happened (ADR-0023)",
    edits: [
      {
        file: `${RAFT}/reach.ts`,
        search: "if (term - own.term > termRise) return false;",
        replace: "",
      },
    ],
  },
  {
    name: "append-without-check",
    rule: "a follower refuses entries that do not follow its own (Raft §5.3)",
    edits: [
      {
        file: `${RAFT}/raft-log.ts`,
        search: "if (!this.matches(previous)) return null;",
        replace: "if (previous.index > this.lastIndex) return null;",
      },
    ],
  },
  {
    name: "apply-before-commit",
    rule: "only committed entries are applied (Raft §5.3)",
    edits: [
      {
        file: `${RAFT}/raft-log.ts`,
        search:
          "return allowUnstable ? this.#committed : logIndex(Math.min(this.#committed, this.unstable.offset - 1));",
        replace: "return logIndex(this.unstable.offset - 1);",
      },
      {
        file: `${RAFT}/raft-log.ts`,
        search:
          'assert(last !== undefined && last.index <= this.#committed, "only committed entries are applied");',
        replace: "",
      },
      {
        file: `${RAFT}/raft-log.ts`,
        search: 'assert(index <= this.#committed, "only committed entries are applied");',
        replace: "",
      },
    ],
  },
  {
    name: "heartbeat-commit-uncapped",
    rule: "a heartbeat's commit index names an entry that the follower is known to hold (openraft#1501)",
    edits: [
      {
        file: `${RAFT}/replication.ts`,
        search: "const commit = lower(progress.match, core.log.committed);",
        replace: "const commit = core.log.committed;",
      },
    ],
  },
  {
    name: "learner-counts-as-voter",
    rule: "learners do not count for commitment (Raft §4.2.1)",
    edits: [
      {
        file: `${RAFT}/commit.ts`,
        search: "const index = jointCommitted(core.voters, (voter) => core.progressOf(voter)?.match);",
        replace:
          "const matches = [...core.membership.progress.values()].map(({ match }) => match).sort((a, b) => b - a);\n" +
          "  const index = matches[Math.floor(core.voters.incoming.size / 2)];",
      },
    ],
  },
  {
    name: "snapshot-keeps-configuration",
    rule: "a received snapshot replaces the configuration too (Raft §7)",
    edits: [
      {
        file: `${RAFT}/snapshot.ts`,
        search: "core.log.restore(snapshot);\n  restoreConfiguration(core, snapshot.confState);",
        replace: "core.log.restore(snapshot);",
      },
    ],
  },
  {
    name: "lease-after-transfer",
    rule: "a leader that told another to campaign does not trust its lease (Raft §6.4.1, §3.10)",
    edits: [
      {
        file: `${RAFT}/read-index.ts`,
        search: "return isLeased && !core.hasWaivedLease;",
        replace: "return isLeased;",
      },
    ],
  },
  {
    name: "lease-by-quorum-check",
    rule: "a lease is counted from the sending of heartbeats that a quorum answered (Raft §6.4.1)",
    edits: [
      {
        file: `${RAFT}/read-index.ts`,
        search: "core.lease.isHeld(core.voters, core.id, electionTicks)",
        replace: "electionTicks > 0",
      },
    ],
  },
  {
    name: "refused-pre-vote-teaches-nothing",
    rule: "a pre-candidate adopts the later term that a refusal carries (liveness, Raft §9.6)",
    edits: [
      {
        file: `${RAFT}/step.ts`,
        search: 'if (type === "MsgPreVote" || (type === "MsgPreVoteResp" && !message.reject)) return;',
        replace: 'if (type === "MsgPreVote" || type === "MsgPreVoteResp") return;',
      },
    ],
  },
  {
    name: "commit-hints-ignored",
    rule: "who asks for votes, and who answers, tells what is committed (liveness, raft-rs's commit by vote)",
    edits: [
      {
        file: `${RAFT}/election.ts`,
        search: "if (hint !== null && core.log.matches(hint)) core.log.commitTo(hint.index);",
        replace: "",
      },
    ],
  },
  {
    name: "no-resumption-by-heartbeat",
    rule: "a follower whose flow was paused is sent appends again once it answers (liveness)",
    edits: [
      {
        file: `${RAFT}/heartbeat.ts`,
        search: "progress.isFlowPaused = false;\n",
        replace: "",
      },
    ],
  },
];
