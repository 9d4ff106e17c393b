// The leader's own operations go through the log like all others, in its own name. They are outside any
// session: the next leader may propose them again, so they are idempotent.

import type { Clock } from "../../base/clock.ts";
import type { NodeId } from "../../base/ids.ts";
import { OUTSIDE_SESSIONS } from "../../base/outside-sessions.ts";
import { encodeCommand } from "../../fleet/command-codec.ts";
import type { Operation, Outcome } from "../../wire/gen/fleet/v1/command.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import type { FleetMachine } from "./fleet-machine.ts";
import type { GroupPort } from "./group-port.ts";
import type { WriteResult } from "./pending.ts";

const DEADLINE_MS = 5_000;

/** The leader that writes. */
export interface OwnWriter {
  readonly driver: GroupPort<Outcome>;
  readonly machine: Pick<FleetMachine, "view">;
  readonly self: NodeId;
}

/** For an operation above the cluster version its caller asks first (fleet/format.ts). */
export function proposeOwn(
  { driver, machine, self }: OwnWriter,
  kind: NonNullable<Operation["kind"]>,
  clock: Clock,
): Promise<WriteResult<Outcome>> {
  const write = { ...OUTSIDE_SESSIONS, reason: "", operation: { kind } };
  const actor = formatIdentity({ kind: "replica", id: self });
  const data = encodeCommand({ ...write, actor, atMs: clock.wallMs() }, machine.view.clusterVersion);
  return driver.propose(data, clock.monotonicMs() + DEADLINE_MS);
}
