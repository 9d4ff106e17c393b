// Part of `npm run generate`, right after the code was made: absent `bytes` fields of messages share one empty array. ts-proto
// makes a new array for each such field of each message that it decodes.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const GENERATED = fileURLToPath(new URL("../src/core/wire/gen", import.meta.url));
const OWN_ARRAY = "new Uint8Array(0)";
const SHARED = "NO_BYTES";

for (const name of await readdir(GENERATED, { recursive: true })) {
  if (!name.endsWith(".ts")) continue;
  const file = join(GENERATED, name);
  const source = await readFile(file, "utf8");
  if (!source.includes(OWN_ARRAY)) continue;
  if (source.includes(SHARED) || !source.includes("\nimport "))
    throw new Error(`${file} is not as ts-proto makes it`);
  // Before the first import, which is evaluated earlier anyway.
  const shared = source
    .replaceAll(OWN_ARRAY, SHARED)
    .replace("\nimport ", `\nconst ${SHARED} = ${OWN_ARRAY};\nimport `);
  await writeFile(file, shared);
}
