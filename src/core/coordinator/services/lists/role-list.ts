// Roles, and which operators have each.

import type { ListRequest, ListRolesResponse } from "../../../wire/gen/fleet/v1/coordinator.ts";
import type { Caller } from "../../calls/caller.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { filterOf } from "../../calls/filter.ts";
import { isText, pageOf } from "../../calls/page.ts";
import { readable } from "../../calls/reads.ts";

export async function rolesList(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ListRolesResponse> {
  const filter = filterOf(request, ["prefix"]);
  const stamp = await readable(context, request, caller);
  const { roles, grants } = context.machine.view.tables;
  const page = pageOf(request, {
    ...{ list: "roles", isKey: isText },
    from: (from) => roles.rows(from),
    keyOf: (row) => row.name,
    matches: (row) => row.name.startsWith(filter.prefix),
  });
  const views = page.rows.map((role) => ({
    role,
    operators: [...grants.rowsOf(role.name)].map(({ operator }) => operator),
  }));
  return { stamp, roles: views, nextPageToken: page.nextPageToken };
}
