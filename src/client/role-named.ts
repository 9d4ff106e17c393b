// One role of the list, by its name.
import { Exit, OperatorError } from "../core/base/errors.ts";
import { shownName } from "../core/base/ids.ts";
import type { ReadStamp, RoleView } from "../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "./fleet-client.ts";
import type { ReadOptions } from "./leader-reads.ts";

export interface RoleReport {
  readonly stamp: ReadStamp | undefined;
  readonly role: RoleView;
}

/** Throws ROLE_UNKNOWN. */
export async function roleNamed(
  client: Pick<FleetClient, "listRoles">,
  name: string,
  how: Pick<ReadOptions, "consistency">,
): Promise<RoleReport> {
  // The first of all names with this beginning, if the role exists.
  const { stamp, roles } = await client.listRoles({ ...how, filter: { prefix: name }, rowsMax: 1 });
  const role = roles.find((each) => each.role?.name === name);
  if (role !== undefined) return { stamp, role };
  throw new OperatorError("ROLE_UNKNOWN", {
    what: `there is no role ${shownName(name)}`,
    next: "see the roles: fleet role list",
    exit: Exit.NotFound,
  });
}
