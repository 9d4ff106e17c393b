// Deliberate bugs in the key space's retention, its digest and its snapshots.

import type { Mutation } from "./mutation.ts";

export const KEY_SNAPSHOTS_MUTATIONS: readonly Mutation[] = [
  {
    name: "lease-end-not-in-the-digest",
    rule: "replicas with the same digest have applied the same (ADR-0070)",
    edits: [
      {
        file: "src/core/kv/key-space.ts",
        search: '    this.#digest = nextDigest(this.#digest, hashNumber("lease-ended", lease.grant));\n',
        replace: "",
      },
    ],
    test: {
      file: "test/unit/kv/digest.test.ts",
      name: "a replica that misses a change has another digest: revocation of a lease without keys",
    },
  },
  {
    name: "compaction-not-in-the-digest",
    rule: "replicas with the same digest have applied the same (ADR-0070)",
    edits: [
      {
        file: "src/core/kv/key-space.ts",
        search: '    this.#digest = nextDigest(this.#digest, hashNumber("compaction", revision));\n',
        replace: "",
      },
    ],
    test: {
      file: "test/unit/kv/digest.test.ts",
      name: "a replica that misses a change has another digest: compaction",
    },
  },
  {
    name: "rule-waits-for-the-next-write",
    rule: "a rule of retention drops at once what it does not keep",
    edits: [
      {
        file: "src/core/kv/key-space.ts",
        search: '    this.#retain();\n    return this.#changed({ $case: "retention" });',
        replace: '    return this.#changed({ $case: "retention" });',
      },
    ],
    test: {
      file: "test/unit/kv/retention.test.ts",
      name: "a rule drops what it does not keep at once, and not with the next write",
    },
  },
  {
    name: "window-drops-too-early",
    rule: "what was current during the window can be read",
    edits: [
      {
        file: "src/core/kv/retention.ts",
        search: "while (this.#isPast(this.#times[1]))",
        replace: "while (this.#times.length > 1 && this.#isPast(this.#times[0]))",
      },
    ],
    test: {
      file: "test/unit/kv/retention.test.ts",
      name: "what was current during the window can be read, and not much more is kept",
    },
  },
  {
    name: "limit-of-revisions-off-by-one",
    rule: "a history of as many revisions as the limit is kept whole",
    edits: [
      {
        file: "src/core/kv/retention.ts",
        search: "current - Math.max(1, compacted) <= revisionsMax",
        replace: "current - Math.max(1, compacted) < revisionsMax",
      },
    ],
    test: {
      file: "test/unit/kv/retention.test.ts",
      name: "a history of just as many revisions as the limit is kept whole",
    },
  },
  {
    name: "time-of-retention-goes-back",
    rule: "the time that rules of retention see never goes back",
    edits: [
      {
        file: "src/core/kv/retention.ts",
        search: "this.#atMs = Math.max(this.#atMs, atMs);",
        replace: "this.#atMs = atMs;",
      },
    ],
    test: {
      file: "test/unit/kv/retention.test.ts",
      name: "a clock that goes back drops nothing earlier",
    },
  },
  {
    name: "snapshot-forgets-leased-keys",
    rule: "a restored lease has its keys",
    edits: [
      {
        file: "src/core/kv/snapshot.ts",
        search: "      this.#leases.restoreKey(lease, textOf(key));\n",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/kv/snapshot.test.ts",
      name: "a restored key space has the same history, leases, hashes and bytes",
    },
  },
  {
    name: "snapshot-without-its-last-leases",
    rule: "a snapshot has all leases",
    edits: [
      {
        file: "src/core/kv/snapshot.ts",
        search: "  if (leases.length > 0) yield encodePart({ leases });\n",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/kv/snapshot.test.ts",
      name: "a restored key space has the same history, leases, hashes and bytes",
    },
  },
  {
    name: "snapshot-forgets-the-lease-term",
    rule: "after a restore, too, an earlier leader ends no lease",
    edits: [
      {
        file: "src/core/kv/snapshot.ts",
        search: "const { grants, leaseTerm: term, leasesTrackedFrom: trackedFrom } = head;",
        replace: "const { grants, leasesTrackedFrom: trackedFrom } = head; const term = 0;",
      },
    ],
    test: {
      file: "test/unit/kv/snapshot.test.ts",
      name: "a restored key space has the same history, leases, hashes and bytes",
    },
  },
  {
    name: "snapshot-without-its-first-time",
    rule: "rules and times survive a snapshot",
    edits: [
      {
        file: "src/core/kv/snapshot.ts",
        search: "times: [...kept.times] };",
        replace: "times: kept.times.slice(1) };",
      },
    ],
    test: {
      file: "test/unit/kv/snapshot.test.ts",
      name: "a restored key space has the same history, leases, hashes and bytes",
    },
  },
  {
    name: "capture-shares-the-times",
    rule: "later changes leave a capture alone",
    edits: [
      {
        file: "src/core/kv/retention.ts",
        search: "times: [...this.#times], changes",
        replace: "times: this.#times, changes",
      },
    ],
    test: {
      file: "test/unit/kv/snapshot.test.ts",
      name: "a capture stays as it was",
    },
  },
  {
    name: "leases-not-in-the-sum",
    rule: "a snapshot with other rows than were encoded is refused",
    edits: [
      {
        file: "src/core/kv/snapshot.ts",
        search: "    for (const lease of rows.leases) this.#sum.add(hashLease(lease));\n",
        replace: "",
      },
      {
        file: "src/core/kv/snapshot.ts",
        search: "    sum.add(hashLease(lease));\n",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/kv/snapshot.test.ts",
      name: "a damaged snapshot is refused: hash-mismatch",
    },
  },
];
