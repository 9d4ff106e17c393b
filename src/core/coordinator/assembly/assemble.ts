// Assembles one replica from its opened parts: its transport to the peers, the fleet's group, and its membership. These
// parts call one another, so those that are made first reach the others by late-parts.ts.

import { bootClockMs } from "../../base/boot-clock.ts";
import { systemClock } from "../../base/clock.ts";
import type { CoordinatorOptions } from "../coordinator-options.ts";
import { Freshness } from "../group/freshness.ts";
import { type FleetGroupPart, fleetGroupPart } from "./fleet-group-part.ts";
import { LateParts } from "./late-parts.ts";
import { type MembershipPart, membershipPart } from "./membership-part.ts";
import type { Opened } from "./open.ts";
import { type TransportPart, transportPart } from "./transport-part.ts";

export interface Assembled
  extends Omit<TransportPart, "sending" | "peerName">,
    Omit<FleetGroupPart, "setting" | "stop">,
    Omit<MembershipPart, "stop" | "close"> {
  readonly freshness: Freshness;
  stop(): Promise<void>;
}

export async function assemble(options: CoordinatorOptions, opened: Opened): Promise<Assembled> {
  const late = new LateParts();
  const peers = transportPart(options, opened, late);
  const fleet = fleetGroupPart(options, opened, peers, late);
  const membership = await membershipPart(options, opened, peers, fleet, late);
  const { host, transport } = peers;
  host.start();
  const { monotonicMs } = systemClock;
  const { driver } = fleet;
  const freshness = new Freshness({ driver, clocks: [monotonicMs, bootClockMs], now: monotonicMs });
  const stopRenewing = freshness.keepRenewing(opened.timers);
  return {
    ...{ ...peers, ...fleet, ...membership, freshness },
    stop: async () => {
      fleet.stop();
      stopRenewing();
      opened.stopFollowing();
      membership.stop();
      host.stop();
      membership.close();
      await transport.close();
    },
  };
}
