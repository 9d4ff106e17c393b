import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import { ConfigurationHistory } from "../../../../src/core/coordinator/group/configuration-history.ts";
import type { ConfOperation } from "../../../../src/core/raft/confchange.ts";

const removal = (node: number): ConfOperation => ({ kind: "remove", node: nodeId(node) });

test("knows what came after an index, and nothing of what a snapshot covers", () => {
  const history = new ConfigurationHistory(logIndex(10));
  expect(history.index).toBe(10);
  history.applied(logIndex(12), [removal(1)]);
  history.applied(logIndex(13), []);
  expect(history.index).toBe(13);
  expect(history.since(9)).toBeNull();
  expect(history.since(10)).toEqual([removal(1)]);
  expect(history.since(12)).toEqual([]);
});

test("forgets the oldest, and says so, rather than to grow", () => {
  const history = new ConfigurationHistory(logIndex(0));
  for (let index = 1; index <= 100; index += 1) history.applied(logIndex(index), [removal(index)]);
  expect(history.since(0)).toBeNull();
  expect(history.since(68)).toHaveLength(32);
  expect(history.since(67)).toBeNull();
});
