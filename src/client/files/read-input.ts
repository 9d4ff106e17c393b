// A file that an operator names, or standard input for "-".
import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";

export const readInput = (path: string): Promise<string> =>
  path === "-" ? readAll(process.stdin) : readFile(path, "utf8");
