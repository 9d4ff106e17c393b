// When an agent that finds no shard dials again.
import { expect, test, vi } from "vitest";
import { Agent, agentTuning } from "../../../src/core/agent/agent.ts";
import { OperatorError } from "../../../src/core/base/errors.ts";
import { fakeTime } from "../fake-time.ts";

fakeTime();

test("an agent that waits long for a dead shard and is sent to another tries that as often as a new agent would", async () => {
  const dials: { readonly address: string; readonly atMs: number }[] = [];
  const open = (address: string): never => {
    dials.push({ address, atMs: Date.now() });
    throw new OperatorError("UNREACHABLE", { what: "nobody listens", exit: 1 });
  };
  const log = { info() {}, warn() {}, error() {} };
  const agent = new Agent({
    ...{ cluster: "c1", instance: "i", target: { shardAddr: "dead:1", demand: [] } },
    ...{ tls: "insecure-loopback", log, tuning: { ...agentTuning, random: () => 0, open } },
  });
  agent.start();
  await vi.advanceTimersByTimeAsync(300_000);
  const movedAtMs = Date.now();
  agent.follow({ shardAddr: "new:1", demand: [] });
  await vi.advanceTimersByTimeAsync(2_000);
  const afterMs = dials.filter(({ address }) => address === "new:1").map(({ atMs }) => atMs - movedAtMs);
  expect(afterMs).toEqual([0, 250, 750, 1_750]);
  await agent.stop();
});
