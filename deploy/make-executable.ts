// `npm run package [FOLDER]` makes one executable for this platform: fleet with Node. Beside it come the units of
// systemd, the list of the packages inside (CycloneDX), their licences, and checksums. Node's single executable
// applications (https://nodejs.org/api/single-executable-applications.html): the code and files are assets of a blob
// inside the binary; a hook gives them to Node's loader. Nothing is unpacked when it runs. A folder that has anything
// in it is left as it is.

import { execFile } from "node:child_process";
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { commandTable, DIST, inAscii, late, ownPlaces, withoutImports } from "./bundling.ts";
import { checksums, listSoftware, ownName, writeLicences } from "./inventory.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRY = "\0executable";
/** Files that the program reads (core/base/own-files.ts). */
const OWN_FILES = ["package.json", "oclif.manifest.json", "dist/contract.binpb"];
/** Where the code is for Node's loader: no folder of the host. */
const PLACE = "file:///fleet-executable/dist/executable/";
/** Puts a blob into a binary: the program that Node's documentation names. */
const POSTJECT = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
/** Node's own, by which the binary knows that it has a blob. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** Of a module's path, the folder of the package that it is in. */
const PACKAGE = /^\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

const run = promisify(execFile);

/** What the executable begins with. It is CommonJS: Node takes nothing else there. */
const MAIN = `
const { getAsset } = require("node:sea");
const { registerHooks } = require("node:module");
const PLACE = ${JSON.stringify(PLACE)};
registerHooks({
  resolve(specifier, context, next) {
    const isOwn = specifier.startsWith(PLACE) || (specifier.startsWith("./") && context.parentURL?.startsWith(PLACE));
    if (!isOwn) return next(specifier, context);
    return { url: new URL(specifier, PLACE).href, format: "module", shortCircuit: true };
  },
  load(url, context, next) {
    if (!url.startsWith(PLACE)) return next(url, context);
    return { format: "module", source: getAsset("code/" + url.slice(PLACE.length), "utf8"), shortCircuit: true };
  },
});
process.env.NODE_ENV ??= "production";
import(PLACE + "entry.js").then(({ main }) => main(process.argv.slice(2)));
`;

/** The entry: a table of all commands, and how one is run. */
const RUN = [
  `import { runOneExecutable } from ${JSON.stringify(join(DIST, "ui/cli/run-one-executable.js"))};`,
  "export const main = (argv) => runOneExecutable(table, argv);",
].join("\n");

/** The written files by name. `packages` gets the folders of those that code is from. */
async function bundle(
  input: Record<string, string>,
  splits: boolean,
  packages: Set<string>,
): Promise<ReadonlyMap<string, string>> {
  const build = await rolldown({
    input,
    platform: "node",
    // A development tool of ink's, which its production build never reaches.
    external: ["react-devtools-core"],
    plugins: [late, ownPlaces(join(DIST, "executable")), commandTable(ENTRY, null, RUN)],
    checks: { bundlerTimings: false },
  });
  const { output } = await build.generate({
    ...{ format: "esm", comments: false, minify: false },
    ...{ entryFileNames: "[name].js", chunkFileNames: "[name].js", codeSplitting: splits },
  });
  await build.close();
  return new Map(
    output.map((file) => {
      if (file.type !== "chunk") throw new Error(`${file.fileName} is not code`);
      for (const id of file.moduleIds) {
        const folder = PACKAGE.exec(id)?.[0];
        if (folder !== undefined) packages.add(folder);
      }
      return [file.fileName, inAscii(withoutImports(file.code))];
    }),
  );
}

/** Node's binary without its table of symbols, with the blob inside. Returns the folders of the packages in it. */
async function makeExecutable(path: string, scratch: string): Promise<readonly string[]> {
  const packages = new Set<string>();
  const code = await bundle({ entry: ENTRY }, true, packages);
  const worker = await bundle({ worker: join(DIST, "core/export/inspect-worker.js") }, false, packages);
  const assets: Record<string, string> = Object.fromEntries(
    OWN_FILES.map((file) => [file, join(ROOT, file)]),
  );
  const add = async (asset: string, text: string) => {
    assets[asset] = join(scratch, asset.replaceAll("/", "-"));
    await writeFile(assets[asset], text);
  };
  for (const [name, text] of code) await add(`code/${name}`, text);
  for (const text of worker.values()) await add("inspect-worker.js", text);
  const main = join(scratch, "main.cjs");
  const blob = join(scratch, "blob");
  const configuration = join(scratch, "sea.json");
  await writeFile(main, MAIN);
  await writeFile(
    configuration,
    JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true, assets }),
  );
  await run(process.execPath, ["--experimental-sea-config", configuration]);
  await copyFile(process.execPath, path);
  await chmod(path, 0o755);
  // Of binutils; without it the executable is some 18 MB larger.
  await run("strip", [path]).catch(() => console.log("strip is not installed: the table of symbols stays"));
  // It warns of names that strip has taken away: told only when it fails.
  await run(process.execPath, [POSTJECT, path, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE]);
  return [...packages].sort();
}

async function makePackage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty: name another folder`);
  const scratch = await mkdtemp(join(tmpdir(), "fleet-package-"));
  try {
    const path = join(folder, "fleet");
    const packages = await makeExecutable(path, scratch);
    await cp(join(ROOT, "deploy/systemd"), join(folder, "systemd"), { recursive: true });
    const { own, version } = await ownName();
    const names = new Set([own, ...(await writeLicences(join(folder, "LICENSES"), packages))]);
    const listed = `fleet-${version}.cdx.json`;
    await listSoftware(join(folder, listed), () => names);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
    await writeFile(join(folder, "SHA256SUMS"), await checksums(folder, files.sort()));
    const megabytes = ((await stat(path)).size / 1_000_000).toFixed(0);
    const others = `systemd, LICENSES, ${listed}, SHA256SUMS`;
    console.log(`${folder}: fleet (${megabytes} MB, Node ${process.version} inside), ${others}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

try {
  await makePackage(resolve(process.argv[2] ?? "package"));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
