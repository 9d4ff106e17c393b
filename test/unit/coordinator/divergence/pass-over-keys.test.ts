// The slow pass over memory finds a version of the key space that was damaged in place, and fences that group alone.

import { expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { checkMemory } from "../../../../src/core/coordinator/divergence/memory-check.ts";
import { passOverKeys } from "../../../../src/core/coordinator/divergence/pass-over-keys.ts";
import { StateTrust } from "../../../../src/core/coordinator/divergence/state-trust.ts";
import { KeysMachine } from "../../../../src/core/coordinator/group/keys-machine.ts";
import { RangeRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { bytes, entry, put } from "../../kv/operations.ts";

const KEYS = 2_000;

function started() {
  const trust = new StateTrust({ found: null, mark: async () => undefined, log: silentLog, now: () => 0 });
  const machine = new KeysMachine(undefined, trust);
  const write = (key: string) => {
    machine.apply(logIndex(machine.appliedIndex + 1), entry(put(key, `value of ${key}`)));
  };
  for (let at = 0; at < KEYS; at += 1) write(`key-${at}`);
  let next: (() => unknown) | null = null;
  const after = (_ms: number, action: () => unknown) => {
    next = action;
    return () => {
      next = null;
    };
  };
  checkMemory({ machine, pass: () => passOverKeys(machine), trust, timers: { after } });
  const steps = (count: number, between: () => void = () => undefined) => {
    for (let step = 0; step < count && next !== null; step += 1) {
      const action: () => unknown = next;
      next = null;
      action();
      between();
    }
  };
  return { machine, trust, steps, write };
}

function firstValue(machine: KeysMachine): Uint8Array {
  const read = machine.space?.range(RangeRequest.fromPartial({ key: bytes("key-0") }));
  return present(read?.ok ? read.response.kvs[0]?.value : null, "it was written");
}

test("it is fenced, and readers get no key space any more", () => {
  const { machine, trust, steps } = started();
  const value = firstValue(machine);
  value[0] = (value[0] ?? 0) ^ 1;
  steps(100);
  expect(trust.now).toMatchObject({ kind: "diverged", cause: "memory", index: KEYS });
  expect(trust.now).toMatchObject({ detail: "a version of the key space, of revision 2, changed in memory" });
  expect(machine.space).toBeNull();
  expect(machine.state?.keyCount).toBe(KEYS);
});

test("sound memory stays trusted for many passes, also while keys are written", () => {
  const { machine, trust, steps, write } = started();
  let number = 0;
  steps(300, () => {
    number += 1;
    write(`key-${number % 7}`);
  });
  expect(machine.appliedIndex).toBe(KEYS + 300);
  expect(trust.isTrusted).toBe(true);
});

test("a snapshot that replaces the key space ends a pass over the one before it", () => {
  const { machine, trust, steps } = started();
  const value = firstValue(machine);
  steps(2);
  value[0] = (value[0] ?? 0) ^ 1;
  machine.restore(logIndex(KEYS + 5)).finish();
  steps(100);
  expect(trust.isTrusted).toBe(true);
  expect(machine.hashAt(KEYS)).toBeNull();
  expect(machine.hashAt(KEYS + 5)).toBe(machine.state?.digest);
});
