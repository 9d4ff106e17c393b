// While a snapshot replaces the fleet's tables they have no roles. A call of that time is not denied, and what it saw is not
// remembered: the roles may be the same afterwards.

import { expect, test } from "vitest";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { bytes } from "./key-commands.ts";
import { ADMIN, client, FakeKeys } from "./key-store.ts";

const worker = client("w");
const keys = { key: bytes("q/a"), rangeEnd: bytes("") };

test.each([{ isKnown: true }, { isKnown: false }])(
  "a client during a restore, known = $isKnown",
  ({ isKnown }) => {
    const fake = new FakeKeys({ w: [{ verbs: ["*"], names: ["q/*"] }] });
    const { access } = fake.store;
    if (isKnown) access.checkRead(worker, keys);
    fake.isRestoring = true;
    expect(() => access.checkRead(worker, keys)).toThrow(ETCD_ERRORS.stopped);
    expect(() => access.checkLease(worker)).toThrow(ETCD_ERRORS.stopped);
    expect(access.mayRead(worker, keys.key, keys.rangeEnd)).toBe(null);
    for (const identity of [ADMIN, { kind: "operator", id: "o" }, { kind: "readonly", id: "r" }] as const)
      expect(access.mayRead(identity as never, keys.key, keys.rangeEnd), identity.kind).toBe(true);
    fake.restored();
    access.checkRead(worker, keys);
    access.checkLease(worker);
    expect(access.mayRead(worker, keys.key, keys.rangeEnd)).toBe(true);
  },
);
