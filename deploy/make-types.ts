// Part of `npm run build`: the types of `import { openCoordinator } from "fleet"`. Only these two files are the package's
// contract, so no other module gets declarations.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isolatedDeclarationSync } from "rolldown/experimental";

const PUBLIC = ["coordinator", "open-coordinator"];

for (const name of PUBLIC) {
  const source = fileURLToPath(new URL(`../src/client/embed/${name}.ts`, import.meta.url));
  const { code, errors } = isolatedDeclarationSync(source, await readFile(source, "utf8"), {
    sourcemap: false,
  });
  if (errors.length > 0) throw new Error(`${source}: ${errors.map(String).join("; ")}`);
  const made = fileURLToPath(new URL(`../dist/client/embed/${name}.d.ts`, import.meta.url));
  await writeFile(made, code.replaceAll('.ts"', '.js"'));
}
