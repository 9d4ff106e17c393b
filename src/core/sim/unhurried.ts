// Clients' work in a simulated process: virtual time does not pass while it works, so nothing waits.

import { ClientWork } from "../coordinator/calls/client-work.ts";

class Unhurried extends ClientWork {
  override page(): null {
    return null;
  }
}

export const UNHURRIED = new Unhurried({ now: () => 0, nextPass: () => undefined, after: () => undefined });
