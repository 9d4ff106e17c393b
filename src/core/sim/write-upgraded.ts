// A client that writes one operation after another, each drawn from what the leader sees. Only while the cluster
// version knows every operation. It has no session, so an operation may be applied twice and late.

import type { FleetView } from "../fleet/state.ts";
import type { Operation, Outcome } from "../wire/gen/fleet/v1/command.ts";
import { upgradedView } from "./leader-of.ts";
import { type SessionOptions, SimSession } from "./session.ts";

/** What it sends and in whose name, and what it makes of the answer. */
export interface Act {
  readonly actor: string;
  readonly kind: NonNullable<Operation["kind"]>;
  readonly heard?: (outcome: Outcome) => void;
}

/** `thinkFactor`: how much longer than a client it may think. Returns what ends it. */
export function writeUpgraded(
  options: SessionOptions,
  thinkFactor: number,
  draw: (view: FleetView) => Act,
): SimSession {
  const { world, chance, nodes } = options;
  const think = (): void => {
    world.queue.after(chance.ms(0, thinkFactor * world.swarm.thinkMs), () => {
      if (session.isStopped) return;
      const view = upgradedView(nodes);
      if (view === null) {
        think();
        return;
      }
      const { actor, kind, heard } = draw(view);
      session.writeAs(actor, { kind }, (outcome) => {
        heard?.(outcome);
        think();
      });
    });
  };
  const session = new SimSession(options, think);
  return session;
}
