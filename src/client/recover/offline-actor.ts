// The actor of a change to a stopped fleet, for its audit log: without a server there is no certificate.

import { hostname, userInfo } from "node:os";

/** A container's user may have a number and no name. */
export function offlineActor(nameOfUser = () => userInfo().username, uid = process.getuid?.()): string {
  return `offline:${userName(nameOfUser) ?? `#${uid}`}@${hostname()}`;
}

function userName(nameOfUser: () => string): string | null {
  try {
    return nameOfUser();
  } catch {
    return null;
  }
}
