// What a replica does before it stops: it hands over every group that it leads, so that a restart costs its
// clients no election timeout. What must stay true: meanwhile it accepts no leadership (Host.leave). It stops
// within a bounded time, even if another replica hangs: groups without a successor are left to the others'
// election timeouts.

import type { Clock, MonotonicMs } from "../../base/clock.ts";
import { FLEET_GROUP, type GroupId, type NodeId } from "../../base/ids.ts";
import type { Host, Led } from "../host/host.ts";
import { bestSuccessor } from "./best-successor.ts";

export const DEPARTURE_MS_MAX = 1_000;
// A successor that has not requested votes by then is skipped: it is stopping as well, or its disk is full.
const ATTEMPT_MS_MAX = 400;
const LOOK_EVERY_MS = 5;

export interface DepartureWorld {
  readonly host: Pick<Host, "leave" | "led">;
  /** Whether the peer could take over, as far as is known. */
  readonly answers: (peer: NodeId) => boolean;
  /**
   * Whether there is no known problem with the peer's state of the fleet's own group; other groups are not
   * compared.
   */
  readonly isFit: (peer: NodeId) => boolean;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly sleep: (ms: number) => Promise<unknown>;
}

export interface Departure {
  /** Number of groups led at the start. */
  readonly led: number;
  /** Number of those groups that another replica is known to lead now. */
  readonly taken: number;
}

/** A group that is being handed over. */
interface Transfer extends Led {
  /** Replicas that were asked and did not take over; they are asked again after the others. */
  readonly tried: Set<NodeId>;
  askedMs: MonotonicMs;
}

/**
 * Resolves when other replicas lead all groups that were led here, when no possible successor is left, or
 * after DEPARTURE_MS_MAX.
 */
export async function handOverAll(world: DepartureWorld): Promise<Departure> {
  const { host, clock, sleep } = world;
  const endMs = clock.monotonicMs() + DEPARTURE_MS_MAX;
  host.leave();
  const transfers = new Map<GroupId, Transfer>();
  for (;;) {
    // Listed again each time: a running campaign may have been won meanwhile.
    for (const led of host.led()) {
      if (!transfers.has(led.group)) transfers.set(led.group, { ...led, tried: new Set(), askedMs: 0 });
    }
    const open = [...transfers.values()].filter((transfer) => handOver(transfer, world));
    if (open.length === 0 || clock.monotonicMs() >= endMs) break;
    await sleep(LOOK_EVERY_MS);
  }
  const taken = [...transfers.values()].filter(
    ({ driver }) => driver.role !== "leader" && driver.leader !== 0,
  );
  return { led: transfers.size, taken: taken.length };
}

/** Takes the next step, if one is due; returns whether there is something to wait for. */
function handOver(transfer: Transfer, { answers, isFit, clock }: DepartureWorld): boolean {
  const { group, driver, tried } = transfer;
  const raft = driver.status();
  // Once it knows the new leader, this replica can name it to its clients, and its vote has been sent.
  if (raft.role !== "leader") return raft.leader === 0 && raft.config.voters.some(answers);
  const isAsked = raft.leadTransferee !== 0 && clock.monotonicMs() - transfer.askedMs < ATTEMPT_MS_MAX;
  if (isAsked && answers(raft.leadTransferee)) return true;
  const canLead = (peer: NodeId) => answers(peer) && (group !== FLEET_GROUP || isFit(peer));
  const to = bestSuccessor(raft, group, (peer) => canLead(peer) && !tried.has(peer));
  if (to !== undefined) {
    tried.add(to);
    transfer.askedMs = clock.monotonicMs();
    driver.transferLeader(to);
    return true;
  }
  const areLeft = tried.size > 0;
  tried.clear();
  return areLeft;
}
