// Two ways to set a process's wall clock and leave its monotonic clock alone. One is Debian's libfaketime (`apt-get
// install faketime`), which every reader of the clock sees, libraries included. The other is a preload that shifts
// `Date` in Node.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface WallClocks {
  /** Arguments of Node. */
  readonly preload: readonly string[];
  /** `file` holds the offset in seconds, signed, and may change while the process runs. */
  env(file: string): Readonly<Record<string, string>>;
}

const LIBRARIES = "/usr/lib";

/** Null: it is not installed. */
export const libfaketime: string | null =
  readdirSync(LIBRARIES)
    .map((folder) => join(LIBRARIES, folder, "faketime"))
    .flatMap((folder) => filesOf(folder).map((name) => join(folder, name)))
    .find((path) => path.endsWith("/libfaketime.so.1")) ?? null;

export const byFaketime: WallClocks = {
  preload: [],
  env: (file) => ({
    LD_PRELOAD: libfaketime ?? "",
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    // The name that 0.9.10 reads, and the one before.
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  }),
};

export const byShiftedDate: WallClocks = {
  preload: ["--import", fileURLToPath(new URL("shifted-date-preload.ts", import.meta.url))],
  env: (file) => ({ FLEET_TEST_CLOCK: file }),
};

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
