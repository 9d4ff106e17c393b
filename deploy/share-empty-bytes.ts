// Part of `npm run generate`: absent `bytes` fields of generated messages share one empty array. ts-proto makes a new one for
// each such field before it decodes what was sent, and V8 makes several objects for each.

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
  // Before the first import, which is evaluated earlier anyway.
  const shared = source
    .replaceAll(OWN_ARRAY, SHARED)
    .replace("\nimport ", `\nconst ${SHARED} = ${OWN_ARRAY};\nimport `);
  await writeFile(file, shared);
}
