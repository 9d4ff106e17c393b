// Where demand that must leave a shard can go: shards that are known to live, take new demand, have what its labels
// ask for, and have room that no earlier move of the same advice was given. Of several, one in the same region, then
// the one with most room left.

import { type Domain, ShardState } from "../wire/gen/fleet/v1/command.ts";
import type { ShardView } from "../wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../wire/gen/fleet/v1/views.ts";
import { type Need, type Room, roomOf, takeAll } from "./room.ts";

interface Target {
  readonly shardId: string;
  readonly isNear: boolean;
  /** What remains there. */
  readonly room: Room;
}

type Found = ({ readonly found: true } & Target) | { readonly found: false; readonly why: string };

/** Labels that a shard's region and counts of machines answer. Any other is answered by the domain that it names. */
const COUNTED_LABELS: ReadonlySet<string> = new Set(["region", "zone", "instance-type"]);
const SHOWN_MAX = 3;

export class Targets {
  readonly #shards: ReadonlyMap<string, ShardView>;
  readonly #rooms = new Map<string, Room>();
  readonly #ownerOf: (key: string, value: string) => string | undefined;

  /** `ownerOf` a domain, with what is proposed already. */
  constructor(shards: readonly ShardView[], ownerOf: (key: string, value: string) => string | undefined) {
    this.#shards = new Map(shards.map((view) => [view.shard?.shardId ?? "", view]));
    this.#ownerOf = ownerOf;
    for (const [shardId, view] of this.#shards) {
      const room = roomOf(view);
      if (room !== null) this.#rooms.set(shardId, room);
    }
  }

  /** `gained`: the domains that the target would get with the demand. */
  find(from: string, needs: readonly Need[], gained: readonly Domain[]): Found {
    const region = this.#shards.get(from)?.shard?.region ?? "";
    const targets: Target[] = [];
    const whys: string[] = [];
    for (const [shardId, view] of this.#shards) {
      if (shardId === from) continue;
      const closed = closedBecause(view) ?? this.#lacksLabel(view, needs, gained);
      const room = this.#rooms.get(shardId);
      if (closed !== null || room === undefined) {
        whys.push(`${shardId} ${closed ?? "tells nothing of its machines"}`);
        continue;
      }
      const taken = takeAll(room, needs);
      const isNear = region !== "" && view.shard?.region === region;
      if (taken.ok) targets.push({ shardId, isNear, room: taken.room });
      else whys.push(`${shardId} ${taken.why}`);
    }
    const [best] = targets.sort(byPreference);
    if (best !== undefined) return { found: true, ...best };
    return { found: false, why: whys.length === 0 ? "there is no other shard" : inShort(whys, "; ") };
  }

  /** The room that remains at a shard, for the moves that are still to be found. */
  give(shardId: string, room: Room): void {
    this.#rooms.set(shardId, room);
  }

  #lacksLabel({ shard }: ShardView, needs: readonly Need[], gained: readonly Domain[]): string | null {
    for (const [key, value] of needs.flatMap(({ requirements }) => Object.entries(requirements))) {
      if (key === "region" && shard?.region !== value) return `is not in region ${value}`;
      if (gained.some((domain) => domain.key === key && domain.value === value)) continue;
      const owner = this.#ownerOf(key, value);
      if (owner !== undefined && owner !== shard?.shardId)
        return `lacks domain ${key}=${value}, ${owner} has it`;
      if (owner === undefined && !COUNTED_LABELS.has(key))
        return `tells nothing of machines with ${key}=${value}`;
    }
    return null;
  }
}

/** The first few, and how many more there are. */
export function inShort(texts: readonly string[], separator: string): string {
  const more = texts.length - SHOWN_MAX;
  return [...texts.slice(0, SHOWN_MAX), ...(more > 0 ? [`${more} more`] : [])].join(separator);
}

/** Names a domain in a table: no two of them share a name. */
export function domainName(key: string, value: string): string {
  return JSON.stringify([key, value]);
}

function closedBecause({ shard, liveness }: ShardView): string | null {
  if (shard?.state !== ShardState.ACTIVE) return "is drained or removed";
  return liveness === ShardLiveness.ALIVE ? null : "is not known to be alive";
}

function byPreference(a: Target, b: Target): number {
  if (a.isNear !== b.isNear) return a.isNear ? -1 : 1;
  return b.room.machines - a.room.machines || (a.shardId < b.shardId ? -1 : 1);
}
