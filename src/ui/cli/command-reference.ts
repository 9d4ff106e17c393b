// The command reference of the commands that were built, and its pages as files.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createDirectoryDurably, writeFileDurably } from "../../core/base/durable-file.ts";
import { readOwnJson } from "../../core/base/own-files.ts";
import { commandPages, MADE, type Reference } from "../model/command-pages.ts";
import { glossary } from "../model/glossary/glossary.ts";

const FOR_ALL = 0o666;

/** Each page's text by its file name. */
export function commandReference(): ReadonlyMap<string, string> {
  const { commands } = readOwnJson("oclif.manifest.json") as Pick<Reference, "commands">;
  const { oclif } = readOwnJson("package.json") as { readonly oclif: Pick<Reference, "topics"> };
  return commandPages({ commands, topics: oclif.topics, glossary });
}

/** Writes the pages, and removes those that it made of topics that are gone. Other files stay. */
export async function writeReference(folder: string): Promise<readonly string[]> {
  const pages = commandReference();
  await createDirectoryDurably(folder);
  for (const [name, text] of pages) await writeFileDurably(join(folder, name), Buffer.from(text), FOR_ALL);
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".md") || pages.has(name)) continue;
    const path = join(folder, name);
    if ((await readFile(path, "utf8")).includes(MADE)) await rm(path);
  }
  return [...pages.keys()];
}
