// `npm run docs`: writes the command reference, docs/commands/*.md, and removes pages of topics that are gone.

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandReference } from "./command-pages.ts";

const FOLDER = fileURLToPath(new URL("commands", import.meta.url));

const pages = commandReference();
await mkdir(FOLDER, { recursive: true });
for (const [name, text] of pages) await writeFile(join(FOLDER, name), text);
for (const name of await readdir(FOLDER)) if (!pages.has(name)) await rm(join(FOLDER, name));
