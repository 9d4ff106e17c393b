// What a process of agents exposes. It is ready as soon as it dials. A shard that is down is not this
// process's failure; it is only a metric here.

import type { RoleMetrics } from "../metrics/role-metrics.ts";
import type { AgentState } from "./agent.ts";

const STATES = {
  connecting: true,
  connected: true,
  leaving: true,
  refused: true,
  waiting: true,
} as const satisfies Record<AgentState, true>;

/** The agents of a process. */
interface Host {
  agents(): readonly { readonly state: AgentState }[];
}

export function agentMetrics(host: Host): RoleMetrics {
  return {
    collect: (into) => {
      const states = host.agents().map(({ state }) => state);
      for (const state of Object.keys(STATES)) {
        into.set("fleet_agents", states.filter((own) => own === state).length, { state });
      }
    },
    readiness: () => ({ ready: true }),
  };
}
