// The one executable (`npm run package`) prints what bin/run.js prints. It runs where there is nothing but the C and
// C++ libraries: no Node, no shell, no other file. Changing the root takes rights that CI may not have: then that is
// skipped.

import { execFile, execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../cli/manifest.ts";
import { lacks } from "../lacks.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { program } from "./local-fleet.ts";

const MAKE = join(root, "deploy/make-executable.ts");
const MAKE_TIMEOUT_MS = 240_000;
const BYTES_MAX = 130_000_000;
const NAMESPACES = [
  ...["--mount", "--pid", "--fork", "--kill-child"],
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
];
const mayChangeRoot = spawnSync("unshare", [...NAMESPACES, "true"]).status === 0;
// A fleet in another root sees no port that fleets of other tests own, so it gets a loopback interface of its own.
const canIsolate =
  spawnSync("unshare", [...NAMESPACES, "--net", "ip", "link", "set", "lo", "up"]).status === 0;

const run = promisify(execFile);
let scratch = "";
let fleet = "";

beforeAll(async () => {
  scratch = await makeFolder();
  await run(process.execPath, [MAKE, join(scratch, "package")]);
  fleet = join(scratch, "package/fleet");
}, MAKE_TIMEOUT_MS);
afterAll(() => removeFolder(scratch));

test("the package is one file, the units, licences, the list of software and checksums of all; at most 130 MB", () => {
  const folder = join(scratch, "package");
  const units = readdirSync(join(root, "deploy/systemd")).map((unit) => `systemd/${unit}`);
  const others = ["LICENSES", "fleet", "fleet-0.1.0.cdx.json"];
  const checked = spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(checked.stdout).toBe(
    [...others, ...units]
      .sort()
      .map((file) => `${file}: OK\n`)
      .join(""),
  );
  expect(readdirSync(folder).sort()).toEqual(["SHA256SUMS", ...others, "systemd"].sort());
  const unit = "systemd/fleet-coordinator@.service";
  expect(readFileSync(join(folder, unit), "utf8")).toBe(readFileSync(join(root, "deploy", unit), "utf8"));
  // Without strip, Node's table of symbols stays.
  const canStrip = spawnSync("strip", ["--version"]).status === 0;
  if (canStrip) expect(statSync(fleet).size).toBeLessThan(BYTES_MAX);
});

test("each package that is listed has its licence in the file", () => {
  const read = (file: string) => readFileSync(join(scratch, "package", file), "utf8");
  const licences = new Set(read("LICENSES").split("\n"));
  const list: { components: { name: string; version: string }[] } = JSON.parse(read("fleet-0.1.0.cdx.json"));
  const names = list.components.map(({ name, version }) => `${name}@${version}`);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !licences.has(name))).toEqual([]);
  expect(licences).toContain(`Node.js ${process.version}`);
});

test.each(
  [
    [],
    ["--version"],
    ["version", "--json"],
    ["--help"],
    ["shard"],
    ["shard", "list", "--help"],
    ["kv", "get", "--help"],
    ["help", "member", "add"],
    ["help", "-n"],
    ["help", "nonsense"],
    ["shrd", "list"],
    ["status", "extra"],
    ["--context", "none", "status"],
    ["completion", "zsh"],
    ["complete", "--", "fleet", "sha"],
    ["explain", "shards.drift"],
  ].map((args) => ({ args })),
)("fleet $args prints what bin/run.js prints", ({ args }) => {
  const options = {
    cwd: scratch,
    env: { HOME: scratch, PATH: process.env["PATH"] },
    encoding: "utf8",
  } as const;
  const { status, stdout, stderr } = spawnSync(fleet, args, options);
  const other = spawnSync(process.execPath, [program, ...args], options);
  expect({ status, stdout, stderr }).toEqual({
    status: other.status,
    stdout: other.stdout,
    stderr: other.stderr,
  });
});

// The shell is the host's; what it runs sees the folder as its root.
const IN_EMPTY_ROOT = `
set -e
[ "$2" = shared ] || ip link set lo up
mount -t proc proc "$1/proc"
mount --bind /dev/null "$1/dev/null"
fleet() { chroot "$ROOT" /fleet "$@"; }
ROOT=$1
cd /
fleet init
fleet kv put greeting hello
fleet kv get greeting
fleet snapshot save --to /snapshots
fleet drill run kill-leader --before 1s --after 1s --yes
fleet status
fleet destroy --yes
`;

test.skipIf(lacks("the right to change the root of a process", mayChangeRoot))(
  "it makes a fleet, writes, saves, rehearses and removes it where there is no Node and no shell",
  async () => {
    const place = join(scratch, "empty");
    for (const folder of ["proc", "dev", "tmp"]) mkdirSync(join(place, folder), { recursive: true });
    writeFileSync(join(place, "dev/null"), "");
    for (const library of librariesOf(fleet)) {
      mkdirSync(join(place, dirname(library)), { recursive: true });
      copyFileSync(library, join(place, library));
    }
    copyFileSync(fleet, join(place, "fleet"));
    const namespaces = canIsolate ? [...NAMESPACES, "--net"] : NAMESPACES;
    const script = ["sh", "-c", IN_EMPTY_ROOT, "sh", place, canIsolate ? "isolated" : "shared"];
    const { stdout } = await run("unshare", [...namespaces, ...script], {
      env: { PATH: process.env["PATH"], HOME: "/", NO_COLOR: "1", FLEET_NODE_TIMEOUT: "20s" },
    });
    expect(stdout).toContain("put at revision 2");
    expect(stdout).toMatch(/^greeting +hello +2$/m);
    expect(stdout).toContain("was saved and verified");
    expect(stdout).toMatch(/verdict: pass/);
    expect(stdout).toContain("local: healthy, 3 of 3 nodes up");
    expect(stdout).toContain("fleet local is gone");
  },
);

function librariesOf(binary: string): readonly string[] {
  const told = execFileSync("ldd", [binary], { encoding: "utf8" });
  return [...told.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}
