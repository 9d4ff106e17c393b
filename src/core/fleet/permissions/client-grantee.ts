// Under which name roles are granted to a client of the key space. What must stay true: no operator has such a name.

import { isName } from "../../base/ids.ts";

const CLIENT = "client/";

/** `fleet role grant ROLE client/worker-1` is for fleet://client/worker-1. */
export const clientGrantee = (client: string): string => `${CLIENT}${client}`;

/** Whether roles can be granted to this name: of an operator, or of a client. */
export function isGrantee(name: string): boolean {
  return isName(name.startsWith(CLIENT) ? name.slice(CLIENT.length) : name);
}
