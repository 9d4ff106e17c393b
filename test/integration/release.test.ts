// The package as hosts get it. It holds nothing that only developers need, and lacks nothing. Every part of it is
// listed, and each file is as its checksum says.

import { execFile, spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../cli/manifest.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";

const run = promisify(execFile);
const MAKE = join(root, "deploy/make-release.ts");
const PACK_TIMEOUT_MS = 240_000;

let scratch = "";
let folder = "";
let installed = "";

beforeAll(async () => {
  scratch = await makeFolder();
  folder = join(scratch, "release");
  await run(process.execPath, [MAKE, folder]);
  installed = join(scratch, "package");
  await run("tar", ["-xzf", join(folder, "fleet-0.1.0.tgz"), "-C", scratch]);
}, PACK_TIMEOUT_MS);
afterAll(() => removeFolder(scratch));

test("a release is the package, the list of its software, and their checksums", async () => {
  expect((await readdir(folder)).sort()).toEqual(["SHA256SUMS", "fleet-0.1.0.cdx.json", "fleet-0.1.0.tgz"]);
  const checked = spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(checked.stdout).toBe("fleet-0.1.0.tgz: OK\nfleet-0.1.0.cdx.json: OK\n");
});

test("the list names each package that is inside, at its version, and no other", async () => {
  const list = JSON.parse(await readFile(join(folder, "fleet-0.1.0.cdx.json"), "utf8"));
  expect(list).toMatchObject({
    bomFormat: "CycloneDX",
    metadata: { component: { name: "fleet", version: "0.1.0" } },
  });
  const listed = list.components.map(
    ({ name, version }: { readonly name: string; readonly version: string }) => `${name}@${version}`,
  );
  expect([...new Set(listed)].sort()).toEqual(packagesIn(installed));
});

test("it has neither the simulator nor tests nor keys", () => {
  const own = globSync("**/*", { cwd: installed, exclude: (name) => name === "node_modules" });
  const isType = (path: string) => /^dist\/client\/embed\/[\w-]+\.d\.ts$/.test(path);
  const isForeign = (path: string) => /(^|\/)(sim|test|bench)(\/|$)|\.tsx?$|\.(key|crt)$/.test(path);
  expect(own.filter((path) => isForeign(path) && !isType(path))).toEqual([]);
});

test("each of its modules finds what it imports", async () => {
  const modules = globSync("dist/**/*.js", { cwd: installed }).filter((path) => !path.endsWith("-worker.js"));
  expect(modules.length).toBeGreaterThan(400);
  const all = join(installed, "all.mjs");
  await writeFile(all, modules.map((path) => `import ${JSON.stringify(`./${path}`)};\n`).join(""));
  await expect(run(process.execPath, [all])).resolves.toMatchObject({ stderr: "" });
});

test("it says its version", async () => {
  const { stdout } = await run(process.execPath, [join(installed, "bin/run.js"), "--version"]);
  expect(stdout).toContain("0.1.0");
});

test("a folder with something in it is left as it is", async () => {
  const taken = join(scratch, "taken");
  await mkdir(taken);
  await writeFile(join(taken, "SHA256SUMS"), "of another release\n");
  await expect(run(process.execPath, [MAKE, taken])).rejects.toMatchObject({
    code: 1,
    stderr: `${taken} is not empty: name another folder\n`,
  });
  expect(await readFile(join(taken, "SHA256SUMS"), "utf8")).toBe("of another release\n");
});

/** Name and version of each, sorted; a package in two places at one version is one. */
function packagesIn(package_: string): string[] {
  const homes = globSync("**/node_modules/{[!@.]*,@*/*}/package.json", { cwd: package_ });
  const names = homes.map((path) => {
    const { name, version } = JSON.parse(readFileSync(join(package_, path), "utf8"));
    return `${name}@${version}`;
  });
  return [...new Set(names)].sort();
}
