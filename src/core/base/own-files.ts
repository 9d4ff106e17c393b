// The files that come with the program: beside its code, or inside the one executable that `npm run package` makes.

import { readFileSync } from "node:fs";
import { getAsset, isSea } from "node:sea";

// As far from this file in src as in dist.
const ROOT = new URL("../../../", import.meta.url);

/** Whether the program, its files and Node are one executable. */
export const isOneExecutable = isSea();

/** The bytes of a file by its path in the package, for example "package.json". Throws if the package has no such file. */
export function readOwnFile(path: string): Uint8Array {
  return isOneExecutable ? new Uint8Array(getAsset(path)) : readFileSync(new URL(path, ROOT));
}

/** A text, read as JSON. */
export const readOwnJson = (path: string): unknown => JSON.parse(Buffer.from(readOwnFile(path)).toString());
