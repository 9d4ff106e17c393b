// What a replica does before it stops: it hands over every group that it leads, so that a restart costs its
// clients no election timeout. What must stay true: meanwhile it accepts no leadership (Host.leave). It stops
// within a bounded time, even if another replica hangs: groups without a successor are left to the others'
// election timeouts.

import type { Clock, MonotonicMs } from "../../base/clock.ts";
import type { GroupId, NodeId } from "../../base/ids.ts";
import type { Host, Led } from "../host/host.ts";
import { bestSuccessor, type Candidates, canLead } from "./best-successor.ts";

export const DEPARTURE_MS_MAX = 1_000;
// A successor that has not requested votes by then is skipped: it is stopping as well, or its disk is full.
const ATTEMPT_MS_MAX = 400;
const LOOK_EVERY_MS = 5;

export interface DepartureWorld extends Candidates {
  readonly host: Pick<Host, "leave" | "led">;
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
function handOver(transfer: Transfer, world: DepartureWorld): boolean {
  const { answers, clock } = world;
  const { group, driver, tried } = transfer;
  const raft = driver.status();
  // We wait until the new leader is known: clients can be sent there then, and our vote has left.
  if (raft.role !== "leader") return raft.leader === 0 && raft.config.voters.some(answers);
  const isAsked = raft.leadTransferee !== 0 && clock.monotonicMs() - transfer.askedMs < ATTEMPT_MS_MAX;
  if (isAsked && answers(raft.leadTransferee)) return true;
  const isAble = canLead(group, world);
  const to = bestSuccessor(raft, group, (peer) => isAble(peer) && !tried.has(peer));
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
