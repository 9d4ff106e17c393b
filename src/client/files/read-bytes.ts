// The bytes of a file that an operator names, or of standard input for "-".
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";

export const readBytes = (path: string): Promise<Uint8Array> =>
  path === "-" ? buffer(process.stdin) : readFile(path);
