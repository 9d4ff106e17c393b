// Where demand that must leave a shard can move. The target must be alive, take new demand, and have what the labels ask
// for. It must have room that no earlier move of the same advice takes. A shard in the same region is preferred, then the
// one with most room left.

import { ShardState } from "../wire/gen/fleet/v1/command.ts";
import type { DomainMachines, ShardView } from "../wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../wire/gen/fleet/v1/views.ts";
import { labelName, type Need, type Room, roomOf, takeAll, withoutDomain } from "./room.ts";
import { inShort } from "./shortage.ts";

interface Target {
  readonly shardId: string;
  readonly isNear: boolean;
  /** What remains there. */
  readonly room: Room;
}

type Found = ({ readonly found: true } & Target) | { readonly found: false; readonly why: string };

/**
 * Labels that every shard answers by its region and its counts. Any other label needs a shard that has the
 * domain of that name.
 */
const COMMON_LABELS: ReadonlySet<string> = new Set(["region", "zone", "instance-type"]);

export class Targets {
  readonly #shards: ReadonlyMap<string, ShardView>;
  readonly #rooms = new Map<string, Room>();
  readonly #promised = new Set<string>();
  readonly #ownerOf: (key: string, value: string) => string | undefined;

  /** `ownerOf` returns the owner of a domain, with the proposals so far applied. */
  constructor(shards: readonly ShardView[], ownerOf: (key: string, value: string) => string | undefined) {
    this.#shards = new Map(shards.map((view) => [view.shard?.shardId ?? "", view]));
    this.#ownerOf = ownerOf;
    for (const [shardId, view] of this.#shards) {
      const room = roomOf(view);
      if (room !== null) this.#rooms.set(shardId, room);
    }
  }

  find(from: string, needs: readonly Need[]): Found {
    const region = this.#shards.get(from)?.shard?.region ?? "";
    const targets: Target[] = [];
    const whys: string[] = [];
    for (const [shardId, view] of this.#shards) {
      if (shardId === from) continue;
      const closed = closedBecause(view) ?? this.#lacksLabel(view, needs);
      const room = this.#rooms.get(shardId);
      if (closed !== null || room === undefined) {
        whys.push(`${shardId} ${closed ?? "does not report its machines"}`);
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

  /** The room that remains at a shard for the following moves. */
  give(shardId: string, room: Room): void {
    this.#rooms.set(shardId, room);
    this.#promised.add(shardId);
  }

  /** Whether some of the shard's room was given to a move. Which machines that will be is not known. */
  isPromised(shardId: string): boolean {
    return this.#promised.has(shardId);
  }

  /** The shard loses a domain, and the machines with it. */
  loseDomain(shardId: string, row: DomainMachines): void {
    const room = this.#rooms.get(shardId);
    if (room !== undefined) this.#rooms.set(shardId, withoutDomain(room, row));
  }

  #lacksLabel({ shard }: ShardView, needs: readonly Need[]): string | null {
    for (const [key, value] of needs.flatMap(({ requirements }) => Object.entries(requirements))) {
      if (key === "region" && shard?.region !== value) return `is not in region ${value}`;
      const owner = this.#ownerOf(key, value);
      if (owner !== undefined && owner !== shard?.shardId)
        return `does not have domain ${key}=${value}: shard ${owner} has it`;
      const isTold = this.#rooms.get(shard?.shardId ?? "")?.byLabel.has(labelName(key, value)) ?? false;
      if (!isTold && !COMMON_LABELS.has(key)) return `does not report machines with ${key}=${value}`;
    }
    return null;
  }
}

function closedBecause({ shard, liveness }: ShardView): string | null {
  if (shard?.state !== ShardState.ACTIVE) return "is drained or removed";
  return liveness === ShardLiveness.ALIVE ? null : "is not known to be alive";
}

function byPreference(a: Target, b: Target): number {
  if (a.isNear !== b.isNear) return a.isNear ? -1 : 1;
  return b.room.machines - a.room.machines || (a.shardId < b.shardId ? -1 : 1);
}
