// Clients' work in a simulated process: virtual time does not pass while it works, so nothing waits.

import { ClientWork } from "../coordinator/calls/client-work.ts";

export const UNHURRIED = new ClientWork({ now: () => 0, nextPass: () => undefined });
