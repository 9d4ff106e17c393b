// Which errors say that the disk itself fails.

import { systemCodeOf } from "../base/system-error.ts";

/** The disk, or what connects it, did not do what it was asked: ENODEV and ENXIO are a disk that is gone. */
export function isDiskFailure(error: unknown): error is Error {
  return CODES.has(systemCodeOf(error));
}

const CODES: ReadonlySet<unknown> = new Set(["EIO", "ENODEV", "ENXIO", "EROFS", "ESTALE"]);
