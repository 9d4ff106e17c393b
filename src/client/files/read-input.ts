// A file that an operator names, or standard input for "-".
import { readFile } from "node:fs/promises";
import { buffer as readAll } from "node:stream/consumers";

export const readInputBytes = (path: string): Promise<Buffer> =>
  path === "-" ? readAll(process.stdin) : readFile(path);

export const readInput = async (path: string): Promise<string> =>
  (await readInputBytes(path)).toString("utf8");
