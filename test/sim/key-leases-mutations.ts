// Deliberate bugs in the leases of the key space: whose end counts, when it comes, and which keys end with it.

import type { Mutation } from "./mutation.ts";

export const KEY_LEASES_MUTATIONS: readonly Mutation[] = [
  {
    name: "expiry-without-events",
    rule: "watchers are told which keys ended with a lease",
    edits: [
      {
        file: "src/core/kv/key-space.ts",
        search: 'return { ...this.#changed({ $case: "leaseExpiry", expired }), events };',
        replace: 'return this.#changed({ $case: "leaseExpiry", expired });',
      },
    ],
  },
  {
    name: "deposed-leader-ends-leases",
    rule: "the expiry of a deposed leader changes nothing",
    edits: [
      {
        file: "src/core/kv/key-space.ts",
        search: "if (term !== this.#leases.term || lease === undefined",
        replace: "if (lease === undefined",
      },
    ],
    test: {
      file: "test/unit/kv/lease-clock.test.ts",
      name: "the expiry of a deposed leader has no effect once the next leader renews",
    },
  },
  {
    name: "expiry-of-an-earlier-grant",
    rule: "a lease that was granted again does not end with the earlier one",
    edits: [
      {
        file: "src/core/kv/key-space.ts",
        search: " || lease.grant !== grant) continue",
        replace: ") continue",
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "an expiry of an earlier leader, or of an earlier grant, changes nothing",
    },
  },
  {
    name: "second-claim-unheard",
    rule: "a leader may claim the leases again in its term",
    edits: [
      {
        file: "src/core/kv/leases.ts",
        search: "if (term < this.#term) return false",
        replace: "if (term <= this.#term) return false",
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "a leader that claims the leases again in its term is heard, and one of an earlier term is not",
    },
  },
  {
    name: "lease-known-by-half-its-id",
    rule: "a lease's id has 64 bits",
    edits: [
      {
        file: "src/core/kv/segment.ts",
        search: "return this.#words[words + LEASE_LOW] !== 0 || this.#words[words + LEASE_HIGH] !== 0;",
        replace: "return this.#words[words + LEASE_LOW] !== 0;",
      },
    ],
    test: {
      file: "test/unit/kv/snapshot.test.ts",
      name: "the lease 4294967296 keeps its id and its key",
    },
  },
  {
    name: "kept-lease-loses-its-key",
    rule: "a key is attached to the lease of its newest version",
    edits: [
      {
        file: "src/core/kv/write.ts",
        search: "before?.lease ?? NO_LEASE, kv.lease);",
        replace: "before?.lease ?? NO_LEASE, lease);",
      },
    ],
    test: {
      file: "test/unit/kv/key-space.test.ts",
      name: "a put can return what it replaced, and keep the value or the lease",
    },
  },
  {
    name: "keep-alive-takes-the-grace",
    rule: "a keep-alive never shortens a lease",
    edits: [
      {
        file: "src/core/kv/lease-clock.ts",
        search: "Math.max(running.deadlineMs, this.#awakeMs + ttlSeconds * SECOND_MS)",
        replace: "this.#awakeMs + ttlSeconds * SECOND_MS",
      },
    ],
    test: {
      file: "test/unit/kv/lease-clock.test.ts",
      name: "a keep-alive never shortens a lease, also not one with grace",
    },
  },
  {
    name: "leases-end-all-at-once",
    rule: "leases end at a rate, however often the leader looks",
    edits: [
      {
        file: "src/core/kv/lease-clock.ts",
        search: "    this.#allowance -= leases.length;\n",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/kv/lease-clock.test.ts",
      name: "a leader that looks more often ends no more leases in a second",
    },
  },
  {
    name: "lost-expiry-never-repeated",
    rule: "an expiry that was not applied is proposed again",
    edits: [
      {
        file: "src/core/kv/lease-clock.ts",
        search: "      this.#heap.add(running, this.#awakeMs + RETRY_MS);\n",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/kv/lease-clock.test.ts",
      name: "a lease whose end is on its way is not renewed, and its end is proposed again",
    },
  },
  {
    name: "lease-of-failure-unchecked",
    rule: "a put may attach a key only to a lease that is as its writer saw it (ADR-0067)",
    edits: [
      {
        file: "src/core/kv/named-leases.ts",
        search: "of [...success, ...failure])",
        replace: "of [...success])",
      },
    ],
    test: {
      file: "test/unit/kv/tracked-leases.test.ts",
      name: "a put of the branch that does not run is refused if its lease got a key since it was checked",
    },
  },
];
