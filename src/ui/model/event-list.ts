// `fleet events`: what happened in a fleet, from the nodes' own history of terms and the audit log, as one list.
import type { FleetStatus } from "../../client/fleet-status.ts";
import type { AuditEntry } from "../../core/wire/gen/fleet/v1/command.ts";
import { auditEvents, pastReignEvents } from "./top/events.ts";
import { observe } from "./top/observe.ts";
import { type FleetEvent, initialTopState } from "./top/state.ts";

export interface EventList {
  /** The newest last. */
  readonly events: readonly FleetEvent[];
  /** The newest audit entry among them, or before them. */
  readonly auditIndex: number;
}

/** The newest `rowsMax` events. `entries`: the newest audit entries. */
export function pastEvents(fleet: FleetStatus, entries: readonly AuditEntry[], rowsMax: number): EventList {
  // Nodes tell ages, which count back from when they answered.
  const wallMs = Math.max(0, ...fleet.nodes.map(({ observedAtMs }) => observedAtMs));
  const state = observe(initialTopState(0, wallMs), { kind: "fleet", atMs: 0, reply: fleet });
  const audit = auditEvents(entries, 0, entries.length);
  const events = [...pastReignEvents(state), ...audit.events].sort((a, b) => a.atMs - b.atMs);
  return { events: events.slice(Math.max(0, events.length - rowsMax)), auditIndex: audit.auditIndex };
}
