// What a release and the one executable say of themselves: the packages inside (CycloneDX), their licences, and checksums.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LICENCE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;
const RULE = "-".repeat(80);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const run = promisify(execFile);

/** What `npm` prints on its standard output. Throws when it fails, with what it said. */
export async function npm(...words: readonly string[]): Promise<string> {
  const { stdout } = await run("npm", words, { cwd: ROOT, maxBuffer: OUTPUT_BYTES_MAX });
  return stdout;
}

export interface SoftwareList {
  readonly metadata: { readonly component: { name: string } };
  components: readonly { readonly "bom-ref": string }[];
  dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Fleet itself as the list names it, and its version. */
export async function ownName(): Promise<{ readonly own: string; readonly version: string }> {
  const { name, version } = await manifestIn(ROOT);
  return { own: `${name}@${version}`, version };
}

/** Writes into `path` which packages are inside: those that `choose` takes from the list of all that are installed. */
export async function listSoftware(
  path: string,
  choose: (list: SoftwareList) => ReadonlySet<string>,
): Promise<void> {
  const list: SoftwareList = JSON.parse(
    await npm("sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application"),
  );
  const inside = choose(list);
  list.components = list.components.filter((component) => inside.has(component["bom-ref"]));
  list.dependencies = list.dependencies
    .filter(({ ref }) => inside.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => inside.has(other)) }));
  // npm names it after the folder that it is in.
  list.metadata.component.name = (await manifestIn(ROOT)).name;
  await writeFile(path, `${JSON.stringify(list, null, 2)}\n`);
}

/**
 * Writes the licence files of Node and of the packages in these folders, and returns the packages' names in the list. A text
 * is there once, below the names of its packages.
 */
export async function writeLicences(path: string, folders: readonly string[]): Promise<readonly string[]> {
  const owners = new Map([[await nodeLicence(), [`Node.js ${process.version}`]]]);
  const all: string[] = [];
  for (const folder of folders) {
    const { name, version, license } = await manifestIn(folder);
    const owner = `${name}@${version}`;
    all.push(owner);
    const files = (await readdir(folder)).filter((file) => LICENCE.test(file)).sort();
    const texts = await Promise.all(
      files.map(async (file) => (await readFile(join(folder, file), "utf8")).trim()),
    );
    if (texts.length === 0) texts.push(`Its package has no file of a licence, and names: ${license}`);
    for (const text of new Set(texts)) owners.set(text, [...(owners.get(text) ?? []), owner]);
  }
  const parts = [...owners].map(
    ([text, names]) => `${RULE}\n${[...new Set(names)].join("\n")}\n${RULE}\n\n${text}\n`,
  );
  await writeFile(path, parts.join("\n"));
  return all;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

async function manifestIn(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
}

/** Node's archives have it beside `bin`; the package of npm does not. */
async function nodeLicence(): Promise<string> {
  const path = join(dirname(dirname(process.execPath)), "LICENSE");
  if (existsSync(path)) return (await readFile(path, "utf8")).trim();
  return `https://raw.githubusercontent.com/nodejs/node/${process.version}/LICENSE`;
}

/** In the form that `sha256sum --check` reads. */
export async function checksums(folder: string, files: readonly string[]): Promise<string> {
  const lines = await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(folder, file));
      return `${createHash("sha256").update(bytes).digest("hex")}  ${file}\n`;
    }),
  );
  return lines.join("");
}
