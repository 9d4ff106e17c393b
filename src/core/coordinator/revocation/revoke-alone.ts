// Checks and proposes a revocation while no other decision about the quorum is running (quorum-slot.ts).

import type { RevokeCertificate } from "../../wire/gen/fleet/v1/command.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { refusalError } from "../calls/refusals.ts";
import { refuseRevoking } from "./refuse-revoking.ts";

/** `propose` starts in the same turn as the check; it settles when the entry is applied or has failed. */
export function revokeAlone<T>(
  context: ServiceContext,
  revocation: RevokeCertificate,
  caller: Caller,
  propose: () => Promise<T>,
): Promise<T> {
  return context.changes.alone(context, caller, "revocation", async () => {
    const { term } = context.driver;
    await refuseRevoking(context, revocation, caller);
    // Another leader may have revoked something meanwhile.
    if (context.driver.term !== term) throw refusalError(context, "leadership-lost");
    return propose();
  });
}
