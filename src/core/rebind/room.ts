// The free machines of a shard or a topology domain, and whether a demand fits there. Machines are counted
// for each label separately: a demand for several labels must fit every count. That is necessary but not
// always sufficient, so the shard itself decides. Room that one move takes is not available to the next.

import type { DomainMachines, ShardView } from "../wire/gen/fleet/v1/coordinator.ts";

/** This many machines, each with these labels. */
export interface Need {
  readonly machines: number;
  readonly requirements: Readonly<Record<string, string>>;
}

export interface Room {
  readonly machines: number;
  /** By `labelName`. */
  readonly byLabel: ReadonlyMap<string, number>;
}

type Taken = { readonly ok: true; readonly room: Room } | { readonly ok: false; readonly why: string };

/** A region belongs to the whole shard: its machines are not counted by region. */
const UNCOUNTED = "region";

/** The name of a label or a topology domain in a table; no two share a name. */
export function labelName(key: string, value: string): string {
  return JSON.stringify([key, value]);
}

/** The shard's free machines. Null when it has not reported its machines. */
export function roomOf({ observed }: ShardView): Room | null {
  const summary = observed?.summary;
  if (summary === undefined) return null;
  const { machinesFree, freeByInstanceType, freeByZone, domains } = summary;
  return {
    machines: machinesFree,
    byLabel: new Map([
      ...domains.map((row) => [labelName(row.key, row.value), row.machinesFree] as const),
      ...countsOf("instance-type", freeByInstanceType),
      ...countsOf("zone", freeByZone),
    ]),
  };
}

/**
 * The mean number of machines of the shard's clusters; 0 = it does not report its machines. Reports do not say
 * which cluster has which machines.
 */
export function meanOf(view: ShardView | undefined): number {
  const { summary, boundClusters = 0 } = view?.observed ?? {};
  if (summary === undefined) return 0;
  return Math.ceil(Math.max(0, summary.machinesTotal - summary.machinesFree) / Math.max(1, boundClusters));
}

/** All machines of the domain, whichever shard has them. */
export function domainRoom(row: DomainMachines): Room {
  const { key, value, machinesListed, listedByInstanceType, listedByZone } = row;
  return {
    machines: machinesListed,
    byLabel: new Map([
      [labelName(key, value), machinesListed] as const,
      ...countsOf("instance-type", listedByInstanceType),
      ...countsOf("zone", listedByZone),
    ]),
  };
}

/** The room that is left once all needs are met, or why one can't be met. */
export function takeAll(room: Room, needs: readonly Need[]): Taken {
  let left = room;
  for (const need of needs) {
    const taken = take(left, need);
    if (!taken.ok) return taken;
    left = taken.room;
  }
  return { ok: true, room: left };
}

/** The room of a shard after it has given a domain away. */
export function withoutDomain(room: Room, row: DomainMachines): Room {
  const given = domainRoom(row);
  const byLabel = new Map(room.byLabel);
  for (const [label, count] of given.byLabel)
    byLabel.set(label, Math.max(0, (byLabel.get(label) ?? 0) - count));
  return { machines: Math.max(0, room.machines - given.machines), byLabel };
}

function take(room: Room, { machines, requirements }: Need): Taken {
  const labels = Object.entries(requirements).filter(([key]) => key !== UNCOUNTED);
  const counts = [
    { free: room.machines, of: "machines" },
    ...labels.map(([key, value]) => ({
      free: room.byLabel.get(labelName(key, value)) ?? 0,
      of: `${key}=${value}`,
    })),
  ];
  const scarce = counts.find(({ free }) => free < machines);
  if (scarce !== undefined) {
    return { ok: false, why: `has ${scarce.free} ${scarce.of} free where ${machines} are needed` };
  }
  const byLabel = new Map(room.byLabel);
  for (const label of labels.map(([key, value]) => labelName(key, value)))
    byLabel.set(label, (byLabel.get(label) ?? 0) - machines);
  return { ok: true, room: { machines: room.machines - machines, byLabel } };
}

function countsOf(key: string, counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).map(([value, count]) => [labelName(key, value), count]);
}
