// `npm run release [FOLDER]`: the package that hosts install, a list of all software in it (CycloneDX), and the checksums of
// both. It builds nothing: the script in package.json does that first. A folder that has anything in it is left as it is.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** The file of a package inside another one, and its name. */
const PACKAGE = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/@]+)\/package\.json$/;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const run = promisify(execFile);

/** What `npm` prints on its standard output. Throws when it fails, with what it said. */
async function npm(...words: readonly string[]): Promise<string> {
  const { stdout } = await run("npm", words, { cwd: ROOT, maxBuffer: OUTPUT_BYTES_MAX });
  return stdout;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

async function pack(folder: string): Promise<Packed> {
  const told = await npm("pack", "--json", "--ignore-scripts", "--pack-destination", folder);
  const [packed] = JSON.parse(told) as [Packed];
  return packed;
}

interface SoftwareList {
  readonly metadata: { readonly component: { name: string } };
  components: readonly { readonly "bom-ref": string }[];
  dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Writes which packages are inside, and says in which file. */
async function listSoftware(folder: string, { filename, files }: Packed): Promise<string> {
  const { name, version, dependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const list: SoftwareList = JSON.parse(
    await npm("sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application"),
  );
  const wanted = Object.entries(dependencies).map(([wants, exact]) => `${wants}@${exact}`);
  const inside = reached(
    list,
    `${name}@${version}`,
    wanted,
    new Set(files.flatMap(({ path }) => PACKAGE.exec(path)?.[1] ?? [])),
  );
  list.components = list.components.filter((component) => inside.has(component["bom-ref"]));
  list.dependencies = list.dependencies
    .filter(({ ref }) => inside.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => inside.has(other)) }));
  // npm names it after the folder that it is in.
  list.metadata.component.name = name;
  const file = filename.replace(/\.tgz$/, ".cdx.json");
  await writeFile(join(folder, file), `${JSON.stringify(list, null, 2)}\n`);
  return file;
}

/**
 * `own`, and of what `wanted` leads to all that is bundled: an optional peer may be installed for developers only. npm's own
 * `--omit dev` leaves out what a developers' tool needs too.
 */
function reached(
  { dependencies }: SoftwareList,
  own: string,
  wanted: readonly string[],
  bundled: ReadonlySet<string>,
): Set<string> {
  const edges = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const isBundled = (ref: string): boolean => bundled.has(ref.slice(0, ref.lastIndexOf("@")));
  const found = new Set(wanted);
  // A set is walked to its end, what is added on the way included.
  for (const ref of found) for (const other of (edges.get(ref) ?? []).filter(isBundled)) found.add(other);
  return found.add(own);
}

/** In the form that `sha256sum --check` reads. */
async function checksums(folder: string, files: readonly string[]): Promise<string> {
  const lines = await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(folder, file));
      return `${createHash("sha256").update(bytes).digest("hex")}  ${file}\n`;
    }),
  );
  return lines.join("");
}

async function release(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty: name another folder`);
  const packed = await pack(folder);
  const listed = await listSoftware(folder, packed);
  await writeFile(join(folder, "SHA256SUMS"), await checksums(folder, [packed.filename, listed]));
  console.log(`${folder}: ${packed.filename}, ${listed}, SHA256SUMS`);
}

try {
  await release(resolve(process.argv[2] ?? "release"));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
