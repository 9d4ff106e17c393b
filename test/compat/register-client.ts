// A key as a register: absent, or a value that no other write has. Puts, gets, deletions and transactions become the
// operations that the linearizability checker knows (src/core/check/models/register.ts).

import { assert } from "../../src/core/base/assert.ts";
import type { RegisterOutput, RegisterValue } from "../../src/core/check/models/register.ts";
import type { RegistersInput } from "../../src/core/check/models/registers.ts";
import { call, type EtcdClients } from "../integration/etcd-clients.ts";
import {
  compare,
  deleteRequest,
  opPut,
  putRequest,
  rangeRequest,
  text,
  txnRequest,
} from "../unit/kv/operations.ts";

/** Rejects if the answer did not come: then the outcome is unknown. */
export async function askRegister(
  { kv }: EtcdClients,
  input: RegistersInput,
  patienceMs: number,
): Promise<RegisterOutput> {
  const key = input.register;
  switch (input.kind) {
    case "read": {
      const { kvs } = await call(kv.range.bind(kv), rangeRequest(key), patienceMs);
      const [found] = kvs;
      return { kind: "value", value: found === undefined ? null : text(found.value) };
    }
    case "write": {
      if (input.value === null) await call(kv.deleteRange.bind(kv), deleteRequest(key), patienceMs);
      else await call(kv.put.bind(kv), putRequest(key, String(input.value)), patienceMs);
      return { kind: "written" };
    }
    case "cas": {
      assert(input.to !== null, "a transaction of these tests puts a value");
      const request = txnRequest([isStill(key, input.from)], [opPut(key, String(input.to))]);
      const { succeeded } = await call(kv.txn.bind(kv), request, patienceMs);
      return { kind: succeeded ? "written" : "mismatch" };
    }
  }
}

function isStill(key: string, value: RegisterValue) {
  if (value === null) return compare(key, "version", "=", 0);
  return compare(key, "value", "=", value);
}
