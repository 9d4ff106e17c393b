// One node asked at a time or followed by its stream, and what all newest answers come to.
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import type { NodeAddress, ObserveOptions } from "../../../src/client/fleet-client.ts";
import type { Answer, FleetStatus } from "../../../src/client/fleet-status.ts";
import { FleetWatch } from "../../../src/client/fleet-watch.ts";
import { present } from "../../../src/core/base/assert.ts";
import { type NodeStatus, Vitals } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../../src/core/wire/rpc-error.ts";
import { upNode } from "../ui/model/fixtures.ts";

const address = (id: number) => `127.0.0.1:700${id}`;

/** Nodes that answer at once, unless they are in `hung`; `asked` tells for which hash each was asked. */
class ScriptedNodes {
  readonly endpoints: readonly NodeAddress[];
  readonly hung = new Set<string>();
  readonly down = new Set<string>();
  readonly differs = new Map<string, Partial<NodeStatus>>();
  readonly asked: (readonly [string, number])[] = [];

  constructor(...ids: number[]) {
    this.endpoints = ids.map((id) => ({ name: address(id), address: address(id) }));
  }

  /** By default an older build, which has no stream. */
  watchStatus: (address: string, signal: AbortSignal) => AsyncIterable<NodeStatus> = () => unimplemented();

  async observe(node: NodeAddress, { hashAtIndex = 0 }: ObserveOptions = {}): Promise<Answer> {
    this.asked.push([node.address, hashAtIndex]);
    if (this.hung.has(node.address)) return new Promise(() => undefined);
    const silent = { ...node, roundTripMs: null, status: null, observedAtMs: 2 };
    if (this.down.has(node.address)) return { ...silent, error: "connection refused" };
    const hashAt = hashAtIndex === 0 ? "" : "a0";
    const { name, status } = upNode(Number(node.address.at(-1)), {
      hashAt,
      ...this.differs.get(node.address),
    });
    return { name, address: node.address, roundTripMs: 1, error: null, status, observedAtMs: 1 };
  }
}

const world = { now: () => 0, pause: async () => undefined };

async function* unimplemented(): AsyncGenerator<NodeStatus> {
  yield* [];
  throw rpcError(status.UNIMPLEMENTED, "METHOD_UNKNOWN", "no such method");
}

test("members that an answer names are asked too, from then on", async () => {
  const watch = new FleetWatch(new ScriptedNodes(2), world);
  expect(watch.addresses).toEqual([address(2)]);
  await watch.look(address(2));
  expect(watch.addresses.toSorted()).toEqual([address(1), address(2), address(3)]);
});

describe("a member that is removed", () => {
  const members = (...ids: number[]): Partial<NodeStatus> => ({
    members: present(upNode(1).status, "it is up").members.filter(({ nodeId }) => ids.includes(nodeId)),
  });
  async function removed(...given: number[]) {
    const nodes = new ScriptedNodes(...given);
    const watch = new FleetWatch(nodes, world);
    for (const id of [1, 2, 3]) await watch.look(address(id));
    nodes.down.add(address(3));
    nodes.differs.set(address(1), members(1, 2));
    return { nodes, watch };
  }

  test("leaves with its row in the leader's table, and the fleet is whole without it", async () => {
    const { nodes, watch } = await removed(1);
    const following = watch.follow(address(3), () => undefined, new AbortController().signal);
    const fleet = await watch.look(address(1));
    // A follower that is behind still names it.
    await watch.look(address(2));
    expect(watch.addresses).toEqual([address(1), address(2)]);
    expect(fleet.nodes.map(({ name }) => name)).toEqual(["n1", "n2"]);
    await following;
    nodes.differs.clear();
    await watch.look(address(1));
    expect(watch.addresses).toContain(address(3));
  });

  test("stays when it is among the given endpoints", async () => {
    const { watch } = await removed(1, 2, 3);
    await watch.look(address(1));
    expect(watch.addresses).toContain(address(3));
  });

  test("stays while no leader's table lacks it", async () => {
    const { nodes, watch } = await removed(1);
    nodes.down.add(address(2));
    await watch.look(address(2));
    await watch.look(address(1));
    expect(watch.addresses).toContain(address(3));
  });
});

test("a node that hangs takes nothing from the others, and the whole is not called healthy", async () => {
  const nodes = new ScriptedNodes(1, 2, 3);
  const watch = new FleetWatch(nodes, world);
  nodes.hung.add(address(2));
  void watch.look(address(2));
  await watch.look(address(1));
  const fleet = await watch.look(address(3));
  expect(fleet.nodes.map(({ name, reachable, error }) => ({ name, reachable, error }))).toEqual([
    { name: "n2", reachable: false, error: null },
    { name: "n1", reachable: true, error: null },
    { name: "n3", reachable: true, error: null },
  ]);
  expect(fleet).toMatchObject({ leader: 1, verdict: "degraded" });
});

test("each row says when its own node was heard", async () => {
  const nodes = new ScriptedNodes(1, 2);
  const watch = new FleetWatch(nodes, world);
  await watch.look(address(1));
  nodes.down.add(address(2));
  const fleet = await watch.look(address(2));
  expect(fleet.nodes.filter((node) => node.observedAtMs > 0)).toMatchObject([
    { address: address(2), observedAtMs: 2, reachable: false },
    { address: address(1), observedAtMs: 1, reachable: true },
  ]);
});

test("a node that fell silent keeps the name it gave", async () => {
  const nodes = new ScriptedNodes(1);
  const watch = new FleetWatch(nodes, world);
  await watch.look(address(1));
  nodes.down.add(address(1));
  const fleet = await watch.look(address(1));
  expect(fleet.nodes.find((node) => node.address === address(1))?.name).toBe("n1");
});

test.each([
  { told: "a0", agree: true, why: "equal at the same index" },
  { told: "b1", agree: false, why: "a replica that differs is seen" },
  { told: "", agree: null, why: "one that has forgotten the index says nothing either way" },
])("hashes of one index are compared once both nodes told theirs: $why", async ({ told, agree }) => {
  const nodes = new ScriptedNodes(1, 2);
  const watch = new FleetWatch(nodes, world);
  nodes.down.add(address(3));
  nodes.differs.set(address(2), { hashAt: told });
  await watch.look(address(1));
  expect((await watch.look(address(1))).hashesAgree).toBeNull();
  for (let round = 0; round < 2; round++) {
    await watch.look(address(1));
    await watch.look(address(2));
  }
  const fleet = await watch.look(address(1));
  expect(fleet).toMatchObject({ hashIndex: 120, hashesAgree: agree });
});

describe("a node that is followed", () => {
  /** Until so many pictures were told. */
  async function follow(nodes: ScriptedNodes, id: number, pictures: number, paused: () => void = () => {}) {
    const stop = new AbortController();
    const told: FleetStatus[] = [];
    const pause = async () => paused();
    await new FleetWatch(nodes, { now: () => 0, pause }).follow(
      address(id),
      (fleet) => {
        told.push(fleet);
        if (told.length === pictures) stop.abort();
      },
      stop.signal,
    );
    return told.map(({ nodes: all }) => all.find((node) => node.address === address(id))?.status?.term);
  }

  const statusOf = (term: number, differs: Partial<NodeStatus> = {}) =>
    present(upNode(1, { term, ...differs }).status, "it is up");

  test("tells each status of its stream, which is taken up again when it ends", async () => {
    const nodes = new ScriptedNodes(1);
    let opened = 0;
    nodes.watchStatus = async function* () {
      opened += 1;
      yield statusOf(10 * opened);
      yield statusOf(10 * opened + 1);
    };
    // Each time it is asked once before.
    expect(await follow(nodes, 1, 6)).toEqual([3, 10, 11, 3, 20, 21]);
  });

  test("is polled when its build has no stream, and never asked for one again", async () => {
    const nodes = new ScriptedNodes(1);
    let opened = 0;
    nodes.watchStatus = () => {
      opened += 1;
      return unimplemented();
    };
    expect(await follow(nodes, 1, 4)).toEqual([3, 3, 3, 3]);
    expect(opened).toBe(1);
  });

  test("that is down is asked again and again, and streamed from when it is back", async () => {
    const nodes = new ScriptedNodes(1);
    nodes.down.add(address(1));
    nodes.watchStatus = async function* () {
      yield statusOf(9);
    };
    let pauses = 0;
    const back = () => {
      pauses += 1;
      if (pauses === 2) nodes.down.clear();
    };
    expect(await follow(nodes, 1, 4, back)).toEqual([undefined, undefined, 3, 9]);
  });

  test.each([
    { second: "a0", agree: true, why: "equal" },
    { second: "b1", agree: false, why: "one differs" },
  ])("hashes of checkpoints are compared at the newest that all told: $why", async ({ second, agree }) => {
    const nodes = new ScriptedNodes(1, 2);
    nodes.down.add(address(3));
    const vitals = (...checkpoints: Vitals["checkpoints"]) => ({
      vitals: Vitals.fromPartial({ checkpoints }),
      hashAt: "",
    });
    nodes.differs.set(address(1), vitals({ index: 112, hash: "a0" }, { index: 128, hash: "c0" }));
    nodes.differs.set(address(2), vitals({ index: 96, hash: "x" }, { index: 112, hash: second }));
    const watch = new FleetWatch(nodes, world);
    await watch.look(address(1));
    expect(await watch.look(address(2))).toMatchObject({ hashIndex: 112, hashesAgree: agree });
  });
});
