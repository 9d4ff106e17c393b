// How the leader is found: a scripted set of nodes, a virtual clock, and the exact list of whom was asked.

import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { LeaderCaller } from "../../../../src/core/wire/leader/leader-caller.ts";
import { LeaderUnavailable } from "../../../../src/core/wire/leader/leader-search.ts";
import { RpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { CallLimits } from "../../../../src/core/wire/unary.ts";

type Answer = (limits: CallLimits) => string;

/** Nodes by address, and what each answers; the clock moves only when a caller sleeps or a node hangs. */
class Scene {
  nowMs = 1_000;
  readonly asked: string[] = [];
  readonly nodes = new Map<string, Answer>();
  readonly caller: LeaderCaller<{ address: string; close(): void }>;
  closed = 0;

  constructor(addresses: readonly string[], ids: readonly number[] = []) {
    this.caller = new LeaderCaller({
      endpoints: addresses.map((address, index) => {
        const id = ids[index];
        return id === undefined ? { address } : { address, nodeId: id };
      }),
      connect: (address) => ({ address, close: () => (this.closed += 1) }),
      world: {
        now: () => this.nowMs,
        sleep: async (ms) => {
          this.nowMs += ms;
        },
        random: () => 0,
      },
    });
  }

  call(deadlineMs = 5_000, attemptMs = 0): Promise<string> {
    return this.caller.call(
      async ({ address }, limits) => {
        this.asked.push(address);
        return (this.nodes.get(address) ?? dead)(limits);
      },
      { deadlineMs, attemptMs },
    );
  }

  /** A frozen process: the attempt ends with its own deadline. */
  readonly hangs: Answer = ({ endMs }) => {
    this.nowMs = endMs;
    throw plainError(status.DEADLINE_EXCEEDED, "Deadline exceeded");
  };
}

const plainError = (code: status, message: string) => new RpcError(code, message, new Metadata());
const leads: Answer = () => "done";
const dead: Answer = () => {
  throw plainError(status.UNAVAILABLE, "No connection established. Last error: ECONNREFUSED");
};
const connects: Answer = () => {
  throw plainError(status.DEADLINE_EXCEEDED, "Deadline exceeded after 0.020s,Waiting for LB pick");
};
const dropped: Answer = () => {
  throw plainError(status.UNAVAILABLE, "Connection dropped");
};
const pointsTo = (metadata: Record<string, string>): Answer => {
  return () => {
    throw rpcError(status.FAILED_PRECONDITION, "NOT_LEADER", "another leads", metadata);
  };
};
const knowsNobody: Answer = () => {
  throw rpcError(status.UNAVAILABLE, "NO_LEADER", "no leader is known");
};

test("asks one node and remembers that it leads", async () => {
  const scene = new Scene(["a", "b"]);
  scene.nodes.set("a", leads);
  await scene.call();
  expect(await scene.call()).toBe("done");
  expect(scene.asked).toEqual(["a", "a"]);
  expect(scene.caller.leader).toBe("a");
});

test("follows the first hint at once, also to an address outside its list", async () => {
  const scene = new Scene(["a"]);
  scene.nodes.set("a", pointsTo({ leader_address: "z" })).set("z", leads);
  await scene.call();
  expect(scene.asked).toEqual(["a", "z"]);
  expect(scene.nowMs).toBe(1_000);
});

test("dials a known id at the address it was given, not at the advertised one", async () => {
  const scene = new Scene(["a", "b"], [1, 2]);
  scene.nodes.set("a", pointsTo({ leader_id: "2", leader_address: "inside:1" })).set("b", leads);
  await scene.call();
  expect(scene.asked).toEqual(["a", "b"]);
});

test("goes round while nobody knows a leader, with growing pauses, until one is elected", async () => {
  const scene = new Scene(["a", "b", "c"]);
  for (const address of ["a", "b", "c"]) scene.nodes.set(address, knowsNobody);
  let rounds = 0;
  scene.nodes.set("b", (limits) => (++rounds < 3 ? knowsNobody(limits) : leads(limits)));
  await scene.call();
  expect(scene.asked).toEqual(["a", "b", "c", "a", "b", "c", "a", "b"]);
  // Half of 25, 50, 100, 200, 400, 400, 400.
  expect(scene.nowMs - 1_000).toBeCloseTo(787.5);
});

test("a dead leader is not believed in, though its followers still name it", async () => {
  const scene = new Scene(["a", "b", "c"]);
  scene.nodes.set("a", leads);
  await scene.call();
  scene.nodes
    .set("a", dead)
    .set("b", pointsTo({ leader_address: "a" }))
    .set("c", leads);
  await scene.call();
  expect(scene.asked).toEqual(["a", "a", "b", "c"]);
});

test("a hung leader costs one attempt, not the whole deadline", async () => {
  const scene = new Scene(["a", "b"]);
  scene.nodes.set("a", scene.hangs).set("b", leads);
  await scene.call(5_000);
  expect(scene.asked).toEqual(["a", "b"]);
  expect(scene.nowMs - 1_000).toBeLessThan(1_600);
});

test("a call that takes long at every node is not begun again at another one", async () => {
  const scene = new Scene(["a", "b"]);
  const takesLong: Answer = (limits) => {
    scene.nowMs += 10_000;
    return scene.nowMs <= limits.endMs ? "done" : scene.hangs(limits);
  };
  for (const address of ["a", "b"]) scene.nodes.set(address, takesLong);
  expect(await scene.call(60_000, 60_000)).toBe("done");
  expect(scene.asked).toEqual(["a"]);
});

test("two nodes that point at each other are not asked in a hot loop", async () => {
  const scene = new Scene(["a", "b"]);
  scene.nodes.set("a", pointsTo({ leader_address: "b" })).set("b", pointsTo({ leader_address: "a" }));
  await expect(scene.call(2_000)).rejects.toThrow(LeaderUnavailable);
  expect(scene.asked.length).toBeLessThan(20);
});

test("a server's refusal is given back as it is, at once", async () => {
  const scene = new Scene(["a", "b"]);
  const refusal = rpcError(status.ALREADY_EXISTS, "CLUSTER_ALREADY_BOUND", "bound");
  scene.nodes.set("a", () => {
    throw refusal;
  });
  await expect(scene.call()).rejects.toBe(refusal);
  expect(scene.asked).toEqual(["a"]);
});

test("an overloaded leader is asked again after the delay that it named", async () => {
  const scene = new Scene(["a", "b"]);
  let asked = 0;
  scene.nodes.set("a", () => {
    if (++asked > 1) return "done";
    throw rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", "busy", {}, 250);
  });
  await scene.call();
  expect(scene.nowMs).toBe(1_250);
});

test.each([
  { node: dead, isOutcomeUnknown: false, why: "a request never sent was never taken" },
  { node: connects, isOutcomeUnknown: false, why: "nor was one that waited for a connection until the end" },
  { node: knowsNobody, isOutcomeUnknown: false, why: "no leader, nothing taken" },
  { node: dropped, isOutcomeUnknown: true, why: "a connection lost in mid-call may have carried it" },
])("out of time: $why", async ({ node, isOutcomeUnknown }) => {
  const scene = new Scene(["a", "b"]);
  scene.nodes.set("a", node).set("b", node);
  const error = await scene.call(1_000).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "LeaderUnavailable", tried: ["a", "b"], isOutcomeUnknown });
  expect(scene.nowMs).toBe(2_000);
});

test("a closed caller has closed its clients and asks nobody", async () => {
  const scene = new Scene(["a"]);
  scene.nodes.set("a", leads);
  await scene.call();
  scene.caller.close();
  expect(scene.closed).toBe(1);
  await expect(scene.call()).rejects.toThrow(LeaderUnavailable);
});
