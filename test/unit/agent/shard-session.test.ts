// What an agent says in a session, and when: roll-ups of the demand, pings, and the leave-taking.

import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { agentTuning } from "../../../src/core/agent/agent.ts";
import type { SessionEnd } from "../../../src/core/agent/shard-session.ts";
import { ShardSession } from "../../../src/core/agent/shard-session.ts";
import type { ShardStream } from "../../../src/core/agent/shard-stream.ts";
import type { SessionDown, SessionUp } from "../../../src/core/wire/gen/fleet/v1/shard.ts";
import { DemandGroup } from "../../../src/core/wire/gen/fleet/v1/shard.ts";
import { fakeTime } from "../fake-time.ts";

fakeTime();

const two = [DemandGroup.fromPartial({ count: 2 })];

/** A session with a shard that says what the test has it say. */
class Scene {
  readonly said: NonNullable<SessionUp["frame"]>[] = [];
  readonly #events = new EventEmitter();
  demand = two;
  end: SessionEnd | null = null;
  readonly session: ShardSession;

  constructor() {
    const write = ({ frame }: SessionUp) => frame !== undefined && this.said.push(frame);
    const cancel = () => this.#events.emit("error", new Error("cancelled"));
    const stream = Object.assign(this.#events, { write, cancel }) as unknown as ShardStream;
    this.session = new ShardSession({
      ...{ cluster: "c1", instance: "i1", tuning: agentTuning, accepted: () => {} },
      opened: { stream, close: () => {} },
      demand: () => this.demand,
    });
    void this.session.ended.then((end) => {
      this.end = end;
    });
  }

  hear(frame: NonNullable<SessionDown["frame"]>): void {
    this.#events.emit("data", { frame });
  }

  accept(): void {
    this.hear({ $case: "accepted", value: { shardId: "s1", epoch: 1 } });
  }

  /** Time passes, and the shard answers every ping. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await vi.advanceTimersByTimeAsync(1_000);
      this.hear({ $case: "pong", value: { number: 1 } });
    }
  }

  rollups(): unknown[] {
    return this.said.flatMap((frame) => (frame.$case === "demand" ? [frame.value] : []));
  }
}

test("it says who it is at once, and nothing of the demand before it is accepted", async () => {
  const scene = new Scene();
  scene.session.tellDemand();
  await vi.advanceTimersByTimeAsync(14_000);
  const value = { clusterId: "c1", instanceId: "i1", protocolVersion: 1 };
  expect(scene.said).toEqual([{ $case: "hello", value }]);
});

test("the whole demand goes at once, every 10 s, and when it changes", async () => {
  const scene = new Scene();
  scene.accept();
  expect(scene.rollups()).toEqual([{ number: 1, groups: two }]);
  await scene.pass(20_000);
  expect(scene.rollups()).toHaveLength(3);
  scene.demand = [];
  scene.session.tellDemand();
  expect(scene.rollups().at(-1)).toEqual({ number: 4, groups: [] });
});

test("leaving takes the demand back, repeats that, and goes when the machines are reclaimed", async () => {
  const scene = new Scene();
  scene.accept();
  scene.session.leave();
  expect(scene.rollups().at(-1)).toEqual({ number: 2, groups: [] });
  scene.hear({ $case: "demandTaken", value: { number: 1, machines: 0 } });
  scene.hear({ $case: "demandTaken", value: { number: 2, machines: 2 } });
  await scene.pass(60_000);
  expect(scene.rollups().at(-1)).toEqual({ number: 8, groups: [] });
  expect(scene.end).toBeNull();
  scene.hear({ $case: "demandTaken", value: { number: 8, machines: 0 } });
  await vi.advanceTimersByTimeAsync(0);
  expect(scene.end).toEqual({ kind: "left", why: "released" });
});

test("called back, it stays beyond every limit of a leave-taking", async () => {
  const scene = new Scene();
  scene.accept();
  scene.session.leave();
  scene.session.tellDemand();
  expect(scene.rollups().at(-1)).toEqual({ number: 3, groups: two });
  scene.hear({ $case: "demandTaken", value: { number: 3, machines: 0 } });
  await scene.pass(700_000);
  expect(scene.end).toBeNull();
});

test.each([
  { answered: false, limitMs: 5_000, why: "unanswered" },
  { answered: true, limitMs: 600_000, why: "out of time" },
])("it goes after $limitMs ms when it is $why", async ({ answered, limitMs, why }) => {
  const scene = new Scene();
  scene.accept();
  scene.session.leave();
  if (answered) scene.hear({ $case: "demandTaken", value: { number: 2, machines: 2 } });
  await scene.pass(limitMs - 1_000);
  expect(scene.end).toBeNull();
  await scene.pass(1_000);
  expect(scene.end).toEqual({ kind: "left", why });
});

test("a shard that leaves three pings unanswered is given up", async () => {
  const scene = new Scene();
  scene.accept();
  await vi.advanceTimersByTimeAsync(19_999);
  expect(scene.end).toBeNull();
  await vi.advanceTimersByTimeAsync(1);
  expect(scene.end).toMatchObject({ kind: "failed" });
});
