// Deliberate bugs in what the key space stores and answers: versions, their sweeping, comparisons, reads of history.

import type { Mutation } from "./mutation.ts";

export const KEY_HISTORY_MUTATIONS: readonly Mutation[] = [
  {
    name: "creation-outlives-deletion",
    rule: "a key that was deleted is created anew by its next put",
    edits: [
      {
        file: "src/core/kv/write.ts",
        search: "createRevision: before?.createRevision ?? modRevision",
        replace:
          "createRevision: (before ?? this.#history.at(key, this.revision - 1))?.createRevision ?? modRevision",
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "a put makes the next revision, and a key counts its versions from its creation",
    },
  },
  {
    name: "nested-branch-chosen-late",
    rule: "all comparisons of a transaction see the state before it",
    edits: [
      {
        file: "src/core/kv/transaction.ts",
        search: "value: runOperations(write, nextOf(rest)) }",
        replace: "value: runOperations(write, write.chooseNow(nextOf(rest), request.value)) }",
      },
      {
        file: "src/core/kv/write.ts",
        search: "  range(request: RangeRequest): RangeResponse {",
        replace:
          "  chooseNow(_: unknown, txn: TxnRequest) {\n    return choose(this.#history, txn, this.revision, ReadBudget.ofTransaction());\n  }\n\n  range(request: RangeRequest): RangeResponse {",
      },
      {
        file: "src/core/kv/write.ts",
        search: 'import { answerRange, headerAt } from "./range.ts";',
        replace:
          'import { answerRange, headerAt } from "./range.ts";\nimport { ReadBudget } from "./read-budget.ts";\nimport { choose } from "./transaction.ts";',
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "nested transactions are decided before anything runs",
    },
  },
  {
    name: "lease-ids-compared-as-texts",
    rule: "a comparison of leases is one of numbers",
    edits: [
      {
        file: "src/core/kv/compare.ts",
        search: "return difference < 0n ? -1 : difference > 0n ? 1 : 0;",
        replace: "return left < right ? -1 : left > right ? 1 : 0;",
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "leases are compared as numbers: 9 < 10",
    },
  },
  {
    name: "compaction-refuses-itself",
    rule: "the revision of a compaction can be read",
    edits: [
      {
        file: "src/core/kv/range.ts",
        search: "(revision <= 0 ? current : revision) < compacted",
        replace: "(revision <= 0 ? current : revision) <= compacted",
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "reads of the future and of what was compacted are refused",
    },
  },
  {
    name: "hash-of-the-present",
    rule: "the hash of a revision does not depend on later changes",
    edits: [
      {
        file: "src/core/kv/key-space.ts",
        search: "const hash = hashKv(this.#history.capture(), at, this.#compactRevision);",
        replace: "const hash = hashKv(this.#history.capture(), this.#revision, this.#compactRevision);",
      },
    ],
    test: {
      file: "test/unit/kv/snapshot.test.ts",
      name: "the hash of an earlier revision stays as it was",
    },
  },
  {
    name: "long-keys-equal-by-beginning",
    rule: "keys are compared byte by byte to their ends",
    edits: [
      {
        file: "src/core/kv/key-bytes.ts",
        search: "if (length >= NATIVE_MIN) return Buffer.compare(left, right);",
        replace:
          "if (length >= NATIVE_MIN) return Buffer.compare(left.subarray(0, length), right.subarray(0, length));",
      },
    ],
    test: {
      file: "test/unit/kv/key-bytes.test.ts",
      name: "keys that begin with the same 128 bytes sort as their texts do",
    },
  },
  {
    name: "compaction-drops-newest-deletion",
    rule: "a deletion at the compaction's revision stays, as in etcd",
    edits: [
      {
        file: "src/core/kv/segment.ts",
        search: "MOD] as number) < compacted;",
        replace: "MOD] as number) <= compacted;",
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "events come out of the history, never a part of a revision",
    },
  },
  {
    name: "old-deletion-forgets-a-new-key",
    rule: "a deletion that is dropped forgets its key only if the key was not created again",
    edits: [
      {
        file: "src/core/kv/history.ts",
        search: "if (this.#index.get(key) === segment.idAt(slot)) this.#index.remove(key);",
        replace: "if (this.#index.get(key) !== NO_VERSION) this.#index.remove(key);",
      },
    ],
    test: {
      file: "test/unit/kv/history.test.ts",
      name: "50 keys: hot keys: whole segments go",
    },
  },
  {
    name: "version-follows-a-stale-copy",
    rule: "each version knows the revision of the one after it",
    edits: [
      {
        file: "src/core/kv/version-log.ts",
        search: "    this.#found = this.#segments[0] as Segment;\n  }\n",
        replace: "  }\n",
      },
    ],
    test: {
      file: "test/unit/kv/sweeping.test.ts",
      name: "a version that the sweep has moved is followed by the next one of its key",
    },
  },
  {
    name: "joined-deletion-stays-indexed",
    rule: "the index names versions that exist",
    edits: [
      {
        file: "src/core/kv/version-log.ts",
        search: "for (const part of parts) tellDropped(part, compacted, dropped);",
        replace: "tellDropped(segment, compacted, dropped);",
      },
    ],
    test: {
      file: "test/unit/kv/sweeping.test.ts",
      name: "deletions that are dropped while two segments are joined are forgotten in both",
    },
  },
  {
    name: "first-keys-leave-no-first-leaf",
    rule: "what comes before all keys belongs to the first leaf",
    edits: [
      {
        file: "src/core/kv/key-index.ts",
        search: "    this.#bounds[0] = FIRST;\n",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/kv/sweeping.test.ts",
      name: "when the first keys are gone, a key before all others can be read and written",
    },
  },
  {
    name: "first-of-a-segment-unchecked",
    rule: "a pass over memory looks at each version (ADR-0070)",
    edits: [
      {
        file: "src/core/kv/history.ts",
        search: "this.#versions.placeFrom(id + 1)",
        replace: "this.#versions.placeFrom(id + 2)",
      },
    ],
    test: {
      file: "test/unit/kv/recheck.test.ts",
      name: "each version is looked at: the first one of the next segment",
    },
  },
  {
    name: "half-a-revision-read",
    rule: "events that are read from history never end within a revision",
    edits: [
      {
        file: "src/core/kv/events.ts",
        search: "    if (next > last) {\n      const hasRest",
        replace: "    if (next > last || isFull) {\n      const hasRest",
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "events come out of the history, never a part of a revision",
    },
  },
  {
    name: "rare-key-read-without-limit",
    rule: "one read of events looks at a bounded number of versions",
    edits: [
      {
        file: "src/core/kv/events.ts",
        search: "    seen += 1;\n    const isDeletion = isTombstone(kv);",
        replace: "    if (concerns(key, range, kv.key)) seen += 1;\n    const isDeletion = isTombstone(kv);",
      },
    ],
    test: {
      file: "test/unit/kv/events.test.ts",
      name: "a watch of a rare key looks at some thousand versions at a time, and misses none",
    },
  },
];
