// Units and charts start what exists: every `fleet serve …` line in deploy/ names a command with flags that it has and
// all that it requires, and every value that a template asks for is one that its chart's values.yaml knows.
// Absent: rendering, which is helm's.

import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { manifest, root } from "../cli/manifest.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const list = (pattern: string): string[] => globSync(pattern, { cwd: root }).sort();

const starters = list("deploy/{systemd/*.service,helm/*/templates/*.yaml}").flatMap((path) =>
  startLines(read(path)).map((line) => ({ path, line })),
);

test("each role has its unit and its chart", () => {
  const roles = starters.map(({ line }) => line.split(" ")[0]).sort();
  expect(roles).toEqual(["agents", "agents", "coordinator", "coordinator", "shard", "shard"]);
});

test.each(starters)("$path starts what exists", ({ line }) => {
  const [role = "", ...words] = line.split(/\s+/);
  const { flags } = manifest.commands[`serve:${role}`] ?? { flags: {} };
  const given = words.flatMap((word) => /^--([a-z-]+)/.exec(word)?.[1] ?? []);
  expect(given.filter((flag) => !(flag in flags))).toEqual([]);
  const required = Object.entries(flags).flatMap(([name, flag]) => (flag.required === true ? [name] : []));
  expect(required.filter((flag) => !given.includes(flag))).toEqual([]);
});

test.each(list("deploy/systemd/*.service"))(
  "%s gets every variable that it names from its example",
  (path) => {
    const [, role = ""] = /fleet-(\w+)@/.exec(path) ?? [];
    const known = list(`deploy/systemd/${role}-*.env`).map(read).join("");
    const wanted = [...read(path).matchAll(/\$\{?(FLEET_\w+)/g)].map(([, name = ""]) => name);
    expect(wanted.filter((name) => !new RegExp(`^${name}=`, "m").test(known))).toEqual([]);
  },
);

// systemd gives the unit's user its state directory and nothing above: beside the data, in there, a recovery makes its
// backup and a restore its draft.
test.each(list("deploy/systemd/*@.service"))("%s has its data in a folder within its own", (path) => {
  const unit = read(path);
  const [, state = ""] = /^StateDirectory=(.*)$/m.exec(unit) ?? [];
  expect(unit).toContain(` --data /var/lib/${state}/data `);
});

test("the package brings the units along, and the page that they name", () => {
  const { files } = JSON.parse(read("package.json"));
  const home = "file:///usr/lib/node_modules/fleet/";
  const units = list("deploy/systemd/*.service").map(read);
  const pages = units.flatMap((unit) => /^Documentation=(.*)$/m.exec(unit)?.[1] ?? []);
  expect(pages).toHaveLength(units.length);
  expect([...new Set(pages)]).toEqual([`${home}docs/operating.md`]);
  expect(files).toEqual(expect.arrayContaining(["deploy/systemd", "docs/operating.md"]));
});

test.each(list("deploy/helm/*/Chart.yaml"))("%s: templates ask for values that there are", (chart) => {
  const folder = dirname(chart);
  expect(parse(read(chart))).toMatchObject({ apiVersion: "v2", version: manifestVersion() });
  const values: unknown = parse(read(join(folder, "values.yaml")));
  const wanted = list(`${folder}/templates/*.yaml`).flatMap((path) =>
    [...read(path).matchAll(/\.Values\.(\w+)/g)].map(([, name = ""]) => name),
  );
  expect(Object.keys(values ?? {}).sort()).toEqual([...new Set(wanted)].sort());
});

/** What follows `fleet serve`, with lines that end in a backslash joined. */
function startLines(text: string): string[] {
  const lines = text.replaceAll(/\\\n\s*/g, " ").split("\n");
  return lines.flatMap((line) => /(?:^ExecStart=\S*\/|exec )fleet serve (.*)$/.exec(line)?.[1] ?? []);
}

function manifestVersion(): string {
  return parse(read("package.json")).version;
}
