// `npm run release [FOLDER]`: the package that hosts install, a list of all software in it (CycloneDX), and the checksums of
// both. It builds nothing: the script in package.json does that first. A folder that has anything in it is left as it is.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checksums, listSoftware, npm, ownName, type SoftwareList } from "./inventory.ts";

const MANIFEST = fileURLToPath(new URL("../package.json", import.meta.url));
/** The file of a package inside another one, and its name. */
const PACKAGE = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/@]+)\/package\.json$/;

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

async function pack(folder: string): Promise<Packed> {
  const told = await npm("pack", "--json", "--ignore-scripts", "--pack-destination", folder);
  const [packed] = JSON.parse(told) as [Packed];
  return packed;
}

/** Writes which packages are inside, and says in which file. */
async function list(folder: string, { filename, files }: Packed): Promise<string> {
  const { own } = await ownName();
  const { dependencies } = JSON.parse(await readFile(MANIFEST, "utf8"));
  const wanted = Object.entries(dependencies).map(([wants, exact]) => `${wants}@${exact}`);
  const bundled = new Set(files.flatMap(({ path }) => PACKAGE.exec(path)?.[1] ?? []));
  const file = filename.replace(/\.tgz$/, ".cdx.json");
  await listSoftware(join(folder, file), (all) => reached(all, own, wanted, bundled));
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

async function release(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty: name another folder`);
  const packed = await pack(folder);
  const listed = await list(folder, packed);
  await writeFile(join(folder, "SHA256SUMS"), await checksums(folder, [packed.filename, listed]));
  console.log(`${folder}: ${packed.filename}, ${listed}, SHA256SUMS`);
}

try {
  await release(resolve(process.argv[2] ?? "release"));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
