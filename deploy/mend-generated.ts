// Part of `npm run generate`, right after ts-proto has made the code. It changes two things:
// - Absent `bytes` fields of messages share one empty array. ts-proto makes a new one for each such field it decodes.
// - A 64-bit number of etcd's API that no JavaScript number can hold becomes the nearest one that can. ts-proto throws. But
//   etcd's clients send 2^63 - 1 for "without a limit", and no revision, limit or duration here comes near 2^53.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const GENERATED = fileURLToPath(new URL("../src/core/wire/gen", import.meta.url));
const OWN_ARRAY = "new Uint8Array(0)";
const SHARED = "NO_BYTES";

const THROWING = `  const num = globalThis.Number(int64.toString());
  if (num > globalThis.Number.MAX_SAFE_INTEGER) {
    throw new globalThis.Error("Value is larger than Number.MAX_SAFE_INTEGER");
  }
  if (num < globalThis.Number.MIN_SAFE_INTEGER) {
    throw new globalThis.Error("Value is smaller than Number.MIN_SAFE_INTEGER");
  }
  return num;
`;
const NEAREST = `  const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = globalThis.Number;
  const num = globalThis.Number(int64.toString());
  return globalThis.Math.min(globalThis.Math.max(num, MIN_SAFE_INTEGER), MAX_SAFE_INTEGER);
`;

for (const name of await readdir(GENERATED, { recursive: true })) {
  if (!name.endsWith(".ts")) continue;
  const file = join(GENERATED, name);
  const source = await readFile(file, "utf8");
  const mended = shareEmptyBytes(file, name.startsWith("etcd/") ? takeNearest(file, source) : source);
  if (mended !== source) await writeFile(file, mended);
}

function shareEmptyBytes(file: string, source: string): string {
  if (!source.includes(OWN_ARRAY)) return source;
  if (source.includes(SHARED) || !source.includes("\nimport ")) throw unknownCode(file);
  // Before the first import, which is evaluated earlier anyway.
  return source
    .replaceAll(OWN_ARRAY, SHARED)
    .replace("\nimport ", `\nconst ${SHARED} = ${OWN_ARRAY};\nimport `);
}

function takeNearest(file: string, source: string): string {
  if (!source.includes("function longToNumber")) return source;
  if (!source.includes(THROWING)) throw unknownCode(file);
  return source.replace(THROWING, NEAREST);
}

function unknownCode(file: string): Error {
  return new Error(`${file} is not as ts-proto makes it`);
}
