// Whether the groups beside the fleet's own have come to rest, once everything works again. Each must have the fleet's
// members (ADR-0049). Every member must have applied all of the log and forgotten nothing.

import type { GroupId } from "../base/ids.ts";
import type { ConfState } from "../raft/message.ts";
import { isElectable } from "./electable.ts";
import { electorOf } from "./elector-of.ts";
import type { SimNode } from "./node.ts";
import { existingGroups } from "./side-groups.ts";
import type { World } from "./world.ts";

/** What is still to happen; null: all groups are at rest. `leader` leads the fleet's own group. */
export function groupUnrest(world: World, nodes: readonly SimNode[], leader: SimNode): string | null {
  const process = leader.process;
  if (process === null) return null;
  const fleet = process.driver.status().config;
  for (const group of existingGroups(world.swarm, process.machine.view)) {
    const why = unrestOf(group, fleet, nodes);
    if (why !== null) return `group ${group}: ${why}`;
  }
  return null;
}

function unrestOf(group: GroupId, fleet: ConfState, nodes: readonly SimNode[]): string | null {
  const open = nodes.flatMap(({ id, process }) => {
    const found = process?.groups.all.get(group);
    return found === undefined || process === null ? [] : [{ id, process, raft: found.driver.status() }];
  });
  const led = open.filter(({ raft }) => raft.role === "leader").sort((a, b) => b.raft.term - a.raft.term)[0];
  if (led === undefined) return "no node leads it";
  const { config, lastIndex } = led.raft;
  const members = (of: ConfState) => `${[...of.voters].sort()} and ${[...of.learners].sort()}`;
  if (config.votersOutgoing.length > 0 || members(config) !== members(fleet)) {
    return `its members are ${members(config)}, the fleet's ${members(fleet)}`;
  }
  for (const id of [...config.voters, ...config.learners]) {
    const replica = open.find((each) => each.id === id);
    if (replica === undefined || replica.process.groups.isAmnesiac(group)) return `n${id} is not admitted`;
    if (replica.raft.applied < lastIndex) return `n${id} has not applied all of it`;
  }
  return null;
}

/** Why every group must have come to rest by now; null: a group has no leader, and can never have one (Healing.hope). */
export function groupHope(world: World, nodes: readonly SimNode[], leader: SimNode): string | null {
  const view = leader.process?.machine.view;
  const groups = view === undefined ? [] : existingGroups(world.swarm, view);
  const stuck = groups.filter((group) => {
    const isLed = nodes.some(({ process }) => process?.groups.all.get(group)?.driver.role === "leader");
    const electors = nodes.flatMap(({ id, process }) => (process && electorOf(id, process, group)) ?? []);
    return !isLed && !electors.some((elector) => isElectable(elector, electors));
  });
  return stuck.length > 0 ? null : "every group has a leader, or can elect one";
}
