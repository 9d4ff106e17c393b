// Where histories come from: real ones with a known verdict, which are not in this repository.
// FLEET_HISTORIES_DIR names any folder with a verdicts.txt.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const REPOSITORY = resolve(import.meta.dirname, "../..");

/** Where the histories are kept that the gate runs. */
export const SHARED_FOLDER = resolve(REPOSITORY, "../shared/conformance/linearizability");

/** The folder of histories to run: a given one, or else the shared one. */
export function historiesFolder(): string {
  return resolve(REPOSITORY, process.env["FLEET_HISTORIES_DIR"] ?? SHARED_FOLDER);
}

/** Continuous integration must not pass because the histories were not there. */
export function isRequired(): boolean {
  return process.env["FLEET_CONFORMANCE_REQUIRED"] === "1";
}

/** Null = the folder and its verdicts are there. */
export function absenceNotice(folder: string): string | null {
  if (existsSync(join(folder, "verdicts.txt"))) return null;
  const consequence = isRequired() ? "but is required" : "so no history is checked";
  return `histories: ${join(folder, "verdicts.txt")} does not exist, ${consequence}`;
}

export interface Listed {
  readonly name: string;
  readonly path: string;
  readonly isLinearizable: boolean;
}

/** The histories that the folder's verdicts.txt lists: a name and `true` or `false` a line. */
export function listedHistories(folder: string): readonly Listed[] {
  const lines = readFileSync(join(folder, "verdicts.txt"), "utf8").split("\n");
  return lines
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", verdict, ...rest] = line.trim().split(/\s+/);
      if ((verdict !== "true" && verdict !== "false") || rest.length > 0) {
        throw new Error(`not a name and a verdict: ${line}`);
      }
      return { name, path: join(folder, name), isLinearizable: verdict === "true" };
    });
}
