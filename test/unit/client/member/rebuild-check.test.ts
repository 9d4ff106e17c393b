// Whether a node can be given a new copy now, as a table: who is up, who is fenced, how many vote.

import { expect, test } from "vitest";
import type { FleetStatus, NodeObservation } from "../../../../src/client/fleet-status.ts";
import { isRebuilt, requireRebuildable, trustedLeader } from "../../../../src/client/member/rebuild-check.ts";
import { OperatorError } from "../../../../src/core/base/errors.ts";
import { type NodeStatus, NodeStatus as Status } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Admission } from "../../../../src/core/wire/gen/fleet/v1/views.ts";

type State = "up" | "down" | "fenced" | "disputed" | "rejoining" | "keys" | "keys-disputed";

function fleetOf(states: readonly State[], leader: number | null = 1): FleetStatus {
  const members = states.map((_, at) => member(at + 1));
  const nodes = states.map((state, at) => nodeOf(at + 1, state, leader, members));
  return { nodes, leader } as unknown as FleetStatus;
}

const member = (id: number) => ({ nodeId: id, name: `n${id}`, address: `h${id}:1`, learner: false });

function nodeOf(
  id: number,
  state: State,
  leader: number | null,
  members: NodeStatus["members"],
): NodeObservation {
  const doubt = { index: 9, digest: "", expected: "", cause: "", detail: "", atMs: 0 };
  const status =
    state === "down"
      ? null
      : Status.fromPartial({
          ...{ nodeId: id, nodeName: `n${id}`, leaderId: leader ?? 0, members },
          admission: state === "rejoining" ? Admission.REJOINING : Admission.MEMBER,
          ...(state === "fenced" && { stateDoubt: { ...doubt, fenced: true } }),
          ...(state === "keys" && { keySpace: {} }),
          ...(state === "keys-disputed" && { keySpace: { stateDoubt: { ...doubt, fenced: false } } }),
          ...(state === "disputed" && { stateDoubt: { ...doubt, fenced: false } }),
        });
  return { ...member(id), nodeId: status === null ? null : id, status } as unknown as NodeObservation;
}

function found(fleet: FleetStatus, name: string): string {
  try {
    return requireRebuildable(fleet, name).isUnderWay ? "under way" : "yes";
  } catch (error) {
    if (error instanceof OperatorError) return error.code;
    throw error;
  }
}

test.each<{ states: readonly State[]; name?: string; leader?: number | null; is: string; why: string }>([
  { states: ["up", "fenced", "up"], is: "yes", why: "the other two take it out and in again" },
  { states: ["up", "up", "up"], is: "yes", why: "an operator may distrust a node that nobody fenced" },
  { states: ["up", "down", "up"], is: "yes", why: "it may have stopped in the middle of it" },
  { states: ["up", "fenced", "down"], is: "QUORUM_WOULD_BE_LOST", why: "two of three must be up without it" },
  { states: ["up", "fenced", "fenced"], is: "yes", why: "a fenced one stores the log" },
  { states: ["up", "fenced", "rejoining"], is: "QUORUM_WOULD_BE_LOST", why: "one that rejoins does not" },
  { states: ["disputed", "disputed", "disputed"], is: "yes", why: "so an operator settles a dispute" },
  { states: ["up", "fenced"], is: "QUORUM_WOULD_BE_LOST", why: "two voters can't take one back" },
  { states: ["up"], name: "n1", is: "QUORUM_WOULD_BE_LOST", why: "nobody else holds a copy" },
  { states: ["up", "rejoining", "up"], is: "under way", why: "its folder was replaced already" },
  { states: ["up", "fenced", "up", "down", "up"], is: "yes", why: "three of five are up without it" },
  { states: ["up", "fenced", "up", "down", "down"], is: "QUORUM_WOULD_BE_LOST", why: "only two of five are" },
  { states: ["up", "up", "up"], name: "n9", is: "MEMBER_UNKNOWN", why: "there is none" },
  {
    states: ["up", "fenced", "up"],
    leader: null,
    is: "NO_QUORUM",
    why: "there is no leader to take a copy from",
  },
])("$states: $is, $why", ({ states, name = "n2", leader = 1, is }) => {
  expect(found(fleetOf(states, leader), name)).toBe(is);
});

test.each<{ states: readonly State[]; leader: number | null; is: string | null; why: string }>([
  { states: ["up", "fenced", "up"], leader: 1, is: "n1", why: "it leads and is believed" },
  { states: ["disputed", "fenced", "disputed"], leader: 1, is: null, why: "it is not believed yet" },
  { states: ["up", "up", "up"], leader: 2, is: null, why: "the node itself has not handed over yet" },
  { states: ["up", "fenced", "up"], leader: null, is: null, why: "none leads" },
  {
    states: ["keys-disputed", "keys-disputed", "keys-disputed"],
    leader: 1,
    is: null,
    why: "the keys' states differ still",
  },
  { states: ["up", "keys", "keys-disputed"], leader: 1, is: null, why: "none else has the keys" },
  { states: ["keys-disputed", "keys-disputed", "keys"], leader: 1, is: "n1", why: "n3 has the keys" },
])("the leader to copy from is $is: $why", ({ states, leader, is }) => {
  expect(trustedLeader(fleetOf(states, leader), "n2")?.name ?? null).toBe(is);
});

test.each<{ state: State; is: boolean }>([
  { state: "up", is: true },
  { state: "fenced", is: false },
  { state: "rejoining", is: false },
  { state: "down", is: false },
])("a node that is $state is rebuilt: $is", ({ state, is }) => {
  const node = nodeOf(2, state, 1, []);
  expect(isRebuilt(node)).toBe(is);
});
