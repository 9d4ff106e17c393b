// Deliberate bugs in how snapshots travel between replicas, are spooled and restored, and in what the log is kept for
// meanwhile.

import type { Mutation } from "./mutation.ts";

const COORDINATOR = "src/core/coordinator";
const STORAGE = "src/core/storage";

export const TRANSFER_MUTATIONS: readonly Mutation[] = [
  {
    name: "applied-while-restoring",
    rule: "while a snapshot is restored nothing is applied",
    edits: [
      {
        file: `${COORDINATOR}/group/applying.ts`,
        search: "if (this.isRestoring || this.#waiting.length === 0) return;",
        replace: "if (this.#waiting.length === 0) return;",
      },
      {
        file: `${COORDINATOR}/group/applying.ts`,
        search: "if (this.isRestoring) return;",
        replace: "",
      },
    ],
  },
  {
    name: "told-while-restoring",
    rule: "the core hears of its own writes only once the snapshot before them is restored",
    edits: [
      {
        file: `${COORDINATOR}/group/applying.ts`,
        search: "      else if (this.isRestoring) this.#heldBack.push(response);\n",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/coordinator/group/restoring.test.ts",
      name: "while it restores it does not campaign, however long its leader is silent",
    },
  },
  {
    name: "entries-before-their-snapshot",
    rule: "the core hears of a received snapshot before it hears of the entries that follow it",
    edits: [
      {
        file: `${COORDINATOR}/group/ordered-writes.ts`,
        search: "this.#snapshot === null ? written : this.#behind(this.#snapshot, written)",
        replace:
          "this.#snapshot === null || entriesOf(request) ? written : this.#behind(this.#snapshot, written)",
      },
      {
        file: `${COORDINATOR}/group/ordered-writes.ts`,
        search: "export class OrderedWrites {",
        replace:
          "const entriesOf = ({ entries }: WriteRequest) => entries.length > 0;\n\nexport class OrderedWrites {",
      },
    ],
  },
  {
    name: "log-not-held",
    rule: "of the log that follows a snapshot nothing is compacted while a follower is sent it (ADR-0019)",
    edits: [
      {
        file: `${COORDINATOR}/group/log-hold.ts`,
        search: "if (above !== null && above < allowed) allowed = above;",
        replace: "if (above !== null && above < 0) allowed = above;",
      },
    ],
    test: {
      file: "test/unit/coordinator/group/lagging-follower.test.ts",
      name: "a lagging follower is sent one snapshot and catches up, though it takes longer than a compaction",
    },
  },
  {
    name: "silence-holds-the-log",
    rule: "a follower that is silent for too long holds the log back no longer (ADR-0019)",
    edits: [
      {
        file: `${COORDINATOR}/group/log-hold.ts`,
        search: "if (nowMs - known.heardMs >= SILENT_MS_MAX) known.above = null;",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/coordinator/group/log-hold.test.ts",
      name: "silence ends a hold, and a follower that is heard now and then keeps it",
    },
  },
  {
    name: "spool-unchecked",
    rule: "a spool becomes a snapshot only with the SHA-256 that was announced (ADR-0019)",
    edits: [
      {
        file: `${STORAGE}/snapshot-spools.ts`,
        search: "if (Buffer.compare(spool.hashes.data.digest(), id.sha256) !== 0) {",
        replace: "if (spool.hashes.data.digest().length === 0) {",
      },
    ],
    test: {
      file: "test/unit/transport/snapshot-transfer.test.ts",
      name: "a spool that rotted meanwhile is thrown away when it is whole, and never a snapshot",
    },
  },
  {
    name: "spool-unsynced",
    rule: "a spool is synced before it becomes a snapshot by its name",
    edits: [
      { file: `${STORAGE}/snapshot-spools.ts`, search: "      await spool.file.sync();\n", replace: "" },
    ],
  },
  {
    name: "spool-never-handed-out-again",
    rule: "a snapshot that came whole and was not taken is handed on again when it comes again",
    edits: [
      {
        file: `${STORAGE}/snapshot-spools.ts`,
        search: "return this.#whole.get(this.#pathOf(id))?.isTaken === false;",
        replace: "return this.#whole.get(this.#pathOf(id))?.bytes === -1;",
      },
    ],
    test: {
      file: "test/unit/transport/snapshot-transfer.test.ts",
      name: "one that came whole and was of no use is handed on again at once, and not sent again",
    },
  },
];
