// Who changes a stopped fleet, for its audit log: nobody who could be asked for a certificate is there.

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
