// Which errors mean that the disk itself fails.

import { systemCodeOf } from "../base/system-error.ts";

/** The disk or its connection failed. ENODEV and ENXIO mean that the disk is gone. */
export function isDiskFailure(error: unknown): error is Error {
  return CODES.has(systemCodeOf(error));
}

const CODES: ReadonlySet<unknown> = new Set(["EIO", "ENODEV", "ENXIO", "EROFS", "ESTALE"]);
