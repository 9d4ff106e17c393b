// What a shard has free, as its summary tells it, and whether a demand fits there. The summary counts free machines by
// instance type and by zone, each for itself: a demand for both must fit both counts, which is necessary and not
// always enough, so the shard itself has the last word. Room that one move takes is not there for the next.

import type { ShardView } from "../wire/gen/fleet/v1/coordinator.ts";

/** So many machines, each with these labels. */
export interface Need {
  readonly machines: number;
  readonly requirements: Readonly<Record<string, string>>;
}

export interface Room {
  readonly machines: number;
  readonly byInstanceType: Readonly<Record<string, number>>;
  readonly byZone: Readonly<Record<string, number>>;
}

type Taken = { readonly ok: true; readonly room: Room } | { readonly ok: false; readonly why: string };

/** Null when the shard has told nothing of its machines. */
export function roomOf({ observed }: ShardView): Room | null {
  const summary = observed?.summary;
  if (summary === undefined) return null;
  const { machinesFree, freeByInstanceType, freeByZone } = summary;
  return { machines: machinesFree, byInstanceType: freeByInstanceType, byZone: freeByZone };
}

/** What is left of the room once all needs are met, or why one is not. */
export function takeAll(room: Room, needs: readonly Need[]): Taken {
  let left = room;
  for (const need of needs) {
    const taken = take(left, need);
    if (!taken.ok) return taken;
    left = taken.room;
  }
  return { ok: true, room: left };
}

function take(room: Room, { machines, requirements }: Need): Taken {
  const { "instance-type": instanceType, zone } = requirements;
  const counts = [
    { free: room.machines, of: "machines" },
    ...(instanceType === undefined
      ? []
      : [{ free: room.byInstanceType[instanceType] ?? 0, of: `instance-type=${instanceType}` }]),
    ...(zone === undefined ? [] : [{ free: room.byZone[zone] ?? 0, of: `zone=${zone}` }]),
  ];
  const scarce = counts.find(({ free }) => free < machines);
  if (scarce !== undefined) {
    return { ok: false, why: `has ${scarce.free} ${scarce.of} free where ${machines} are needed` };
  }
  return {
    ok: true,
    room: {
      machines: room.machines - machines,
      byInstanceType: without(room.byInstanceType, instanceType, machines),
      byZone: without(room.byZone, zone, machines),
    },
  };
}

function without(
  counts: Readonly<Record<string, number>>,
  name: string | undefined,
  machines: number,
): Readonly<Record<string, number>> {
  return name === undefined ? counts : { ...counts, [name]: (counts[name] ?? 0) - machines };
}
