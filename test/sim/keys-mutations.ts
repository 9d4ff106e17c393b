// Deliberate bugs in the key space, its leases and its watches.

import type { Mutation } from "./mutation.ts";

export const KEYS_MUTATIONS: readonly Mutation[] = [
  {
    name: "group-leads-before-its-state",
    rule: "a group leads only once its state is restored (ADR-0049, ADR-0059)",
    edits: [
      {
        file: "src/core/coordinator/membership/open-groups.ts",
        search: "let isRestored = false;",
        replace: "let isRestored = true;",
      },
    ],
    // The simulator did not find it in 300 seeds.
    test: {
      file: "test/unit/coordinator/membership/open-groups.test.ts",
      name: "a group whose state is not restored yet votes and follows, and does not lead",
    },
  },
  {
    name: "lease-ends-early",
    rule: "no lease ends before its TTL has passed since its grant (ADR-0046)",
    edits: [
      {
        file: "src/core/kv/lease-clock.ts",
        search: "const deadlineMs = this.#awakeMs + lease.ttlSeconds * SECOND_MS + graceMs;",
        replace: "const deadlineMs = this.#awakeMs + (lease.ttlSeconds * SECOND_MS) / 2;",
      },
    ],
  },
  {
    name: "keep-alive-without-effect",
    rule: "no lease ends before its TTL has passed since its last answered keep-alive",
    edits: [
      {
        file: "src/core/kv/lease-clock.ts",
        search: "running.deadlineMs = Math.max(running.deadlineMs, this.#awakeMs + ttlSeconds * SECOND_MS);",
        replace: "",
      },
    ],
  },
  {
    name: "new-leader-ends-leases-at-once",
    rule: "a new leader grants each lease a whole TTL before it ends any",
    edits: [
      {
        file: "src/core/kv/lease-clock.ts",
        search: "for (const lease of leases) this.#run(lease, graceMs);",
        replace: "for (const lease of leases) this.#run({ ...lease, ttlSeconds: 0 }, 0);",
      },
    ],
  },
  {
    name: "lease-ends-without-its-keys",
    rule: "the keys of a lease end with it",
    edits: [
      {
        file: "src/core/kv/key-space.ts",
        search: "for (const key of this.#leases.keysOf(lease.id)) {",
        replace: "for (const key of this.#leases.keysOf(lease.id).slice(1)) {",
      },
    ],
  },
  {
    name: "watch-skips-after-a-move",
    rule: "a watch that continues elsewhere is told of what it missed",
    edits: [
      {
        file: "src/core/coordinator/etcd/watch/watch-hub.ts",
        search: "const next = startRevision > 0 ? startRevision : space.currentRevision + 1;",
        replace: "const next = Math.max(startRevision, space.currentRevision + 1);",
      },
    ],
  },
  {
    name: "watch-repeats-when-full",
    rule: "a watcher that was full continues behind the last event that it was told of",
    edits: [
      {
        file: "src/core/coordinator/etcd/watch/watch-hub.ts",
        search: "if (watch.watcher.isFullFor(watch)) {\n      this.#fallBehind(watch, revisionOf(events));",
        replace:
          "if (watch.watcher.isFullFor(watch)) {\n      this.#fallBehind(watch, 0);\n      watch.next = watch.startRevision;",
      },
    ],
    test: {
      file: "test/unit/coordinator/etcd/watch-hub.test.ts",
      name: "a watcher that is full gets nothing, and later all that it missed",
    },
  },
  {
    name: "previous-version-is-its-own",
    rule: "an event's `prev_kv` is the version before it",
    edits: [
      {
        file: "src/core/coordinator/etcd/watch/previous.ts",
        search: "space?.before(kv.key, kv.modRevision)",
        replace: "space?.before(kv.key, kv.modRevision + 1)",
      },
    ],
    test: {
      file: "test/unit/coordinator/etcd/previous.test.ts",
      name: "a change and a deletion have the version before them, a creation has none",
    },
  },
  {
    name: "watch-filters-swapped",
    rule: "a watch with `noPut` gets deletions, and no puts",
    edits: [
      {
        file: "src/core/coordinator/etcd/watch/watch.ts",
        search: "type === DELETE ? noDelete : noPut",
        replace: "type === DELETE ? noPut : noDelete",
      },
    ],
    test: {
      file: "test/unit/coordinator/etcd/watch-hub.test.ts",
      name: "a watch of a range gets its keys and no others, and filters leave out a kind",
    },
  },
  {
    name: "compacted-history-shared",
    rule: "a watch whose next event was compacted is told so",
    edits: [
      {
        file: "src/core/coordinator/etcd/watch/history-reads.ts",
        search: " && next >= space.compactRevision) {",
        replace: ") {",
      },
    ],
    test: {
      file: "test/unit/coordinator/etcd/history-reads.test.ts",
      name: "what was compacted meanwhile is not shared",
    },
  },
  {
    name: "progress-before-first-revision",
    rule: "progress is told only to watches whose first revision has come",
    edits: [
      {
        file: "src/core/coordinator/etcd/watch/watch-hub.ts",
        search: "if (!watch.isSynced || watch.startRevision > space.currentRevision) return null;",
        replace: "if (!watch.isSynced) return null;",
      },
    ],
    test: {
      file: "test/unit/coordinator/etcd/watch-hub.test.ts",
      name: "a watch whose first revision is still to come has not been told all",
    },
  },
];
