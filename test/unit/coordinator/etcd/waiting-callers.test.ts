// What callers that wait for a lock or an election keep in memory is bounded: their requests stay there while they wait.

import { expect, test } from "vitest";
import { WaitingCallers } from "../../../../src/core/coordinator/etcd/waiting-callers.ts";
import { callOf, FakeKeys } from "./key-store.ts";

const MEGABYTE = 1024 * 1024;

test.each([
  { requestBytes: 1, places: 2_048 },
  { requestBytes: 16 * 1024, places: 2_048 },
  { requestBytes: 1.5 * MEGABYTE, places: 21 },
])("$places requests of $requestBytes bytes of one identity wait", ({ requestBytes, places }) => {
  const keys = new FakeKeys({});
  const callers = new WaitingCallers(keys.context, keys.store.access);
  const wait = () => callers.wait({ ...callOf({ kind: "readonly" }, {}), requestBytes }, () => undefined);
  for (let waiting = 0; waiting < places; waiting += 1) wait();
  expect(wait).toThrow("wait for locks and elections of this member already");
});
