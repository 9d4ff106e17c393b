// Units and charts start what exists. Every `fleet serve …` line in deploy/ names a command with flags that it has and
// all that it requires. Every value that a template asks for is in its chart's values.yaml. The ports, mounts and names
// in a chart belong together. Helm is not asked: where a Go with sprig is installed, what it would render
// of the coordinators' chart is rendered with those, and run.

import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { manifest, root } from "../cli/manifest.ts";
import { lacks } from "../lacks.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const list = (pattern: string): string[] => globSync(pattern, { cwd: root }).sort();

const starters = list("deploy/{systemd/*.service,helm/*/templates/*.yaml}").flatMap((path) =>
  startLines(read(path)).map((line) => ({ path, line })),
);

const USERS = "deploy/systemd/fleet.sysusers";

const workloads = list("deploy/helm/*/templates/{statefulset,deployment}.yaml");

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

// systemd gives the unit's user its state directory and nothing above. So a recovery makes its backup there, beside
// the data, and a restore makes its draft there.
test.each(list("deploy/systemd/*@.service"))("%s has its data in a folder within its own", (path) => {
  const unit = read(path);
  const [, state = ""] = /^StateDirectory=(.*)$/m.exec(unit) ?? [];
  expect(unit).toContain(` --data /var/lib/${state}/data `);
});

test("each role's unit has a user of its own, which the package's list of users makes", () => {
  const made = captures(read(USERS), /^u (\S+) +- /gm).flat();
  const units = list("deploy/systemd/*.service").map(read);
  expect(units.flatMap((unit) => captures(unit, /^User=(.*)$/gm).flat()).sort()).toEqual([...made].sort());
  expect(units.flatMap((unit) => captures(unit, /^Group=(.*)$/gm).flat()).sort()).toEqual([...made].sort());
  expect(new Set(made)).toHaveProperty("size", 3);
});

const hasSysusers = spawnSync("systemd-sysusers", ["--version"]).status === 0;
test.skipIf(lacks("systemd-sysusers", hasSysusers))(
  "systemd-sysusers makes them, without a login",
  async () => {
    const host = await makeFolder();
    await mkdir(join(host, "etc"));
    const ran = spawnSync("systemd-sysusers", [`--root=${host}`, join(root, USERS)], { encoding: "utf8" });
    const users = await readFile(join(host, "etc/passwd"), "utf8").catch(() => ran.stderr);
    await removeFolder(host);
    expect(
      captures(users, /^(fleet-\w+):.*:\/usr\/sbin\/nologin$/gm)
        .flat()
        .sort(),
    ).toEqual(["fleet-agents", "fleet-coordinator", "fleet-shard"]);
  },
);

// systemd counts an end by SIGHUP as a success, and a reload may come before Node has learned to take it. With the default
// type, a start is a success before there was a program to start.
test.each(list("deploy/systemd/*.service"))(
  "%s is restarted after an early reload, and starts or says so",
  (path) => {
    expect(read(path)).toMatch(/^Type=exec$/m);
    expect(read(path)).toMatch(/^RestartForceExitStatus=SIGHUP$/m);
  },
);

// The lock of a data folder names a process: if another user's are hidden, it looks as if that one had died.
test("a coordinator's unit hides no process from it", () => {
  expect(read("deploy/systemd/fleet-coordinator@.service")).not.toMatch(
    /^(ProtectProc|ProcSubset|PrivatePIDs)=/m,
  );
});

// What systemd does not know it ignores with a warning, and starts the unit without. The program need not be installed.
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
test.skipIf(lacks("systemd-analyze", hasSystemd))(
  "systemd-analyze warns of nothing in the units",
  async () => {
    const folder = await makeFolder();
    const units = list("deploy/systemd/*.service").map((path) => join(folder, basename(path)));
    for (const unit of units) {
      const text = read(join("deploy/systemd", basename(unit)));
      await writeFile(unit, text.replace("ExecStart=/usr/bin/fleet", `ExecStart=${process.execPath}`));
    }
    const verified = spawnSync("systemd-analyze", ["verify", "--man=no", ...units], { encoding: "utf8" });
    await removeFolder(folder);
    const warnings = verified.stderr.split("\n").filter((line) => line.includes(folder));
    expect(warnings).toEqual([]);
  },
);

test("the package brings the units along, and the page that they name", () => {
  const { files } = JSON.parse(read("package.json"));
  const home = "file:///usr/lib/node_modules/fleet/";
  const units = list("deploy/systemd/*.service").map(read);
  const pages = units.flatMap((unit) => /^Documentation=(.*)$/m.exec(unit)?.[1] ?? []);
  expect(pages).toHaveLength(units.length);
  expect([...new Set(pages)]).toEqual([`${home}docs/operating.md`]);
  expect(files).toEqual(expect.arrayContaining(["deploy/systemd", "docs/*.md"]));
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

test.each(workloads)("%s mounts its volumes, and fleet reads and writes there only", (path) => {
  const text = read(path);
  const mounts = captures(text, /name: (\w+), mountPath: (\S+?),? /g);
  const volumes = captures(text, /- \{ name: (\w+), (?:secret|configMap|emptyDir):/g);
  const claims = captures(text, /metadata: \{ name: (\w+) \}/g);
  expect(mounts.map(([name]) => name).sort()).toEqual([...volumes, ...claims].flat().sort());
  const paths = startLines(text).flatMap((line) => line.match(/(?<=--[a-z]+ "?)\/[^\s"]+/g) ?? []);
  expect(paths.length).toBeGreaterThan(1);
  const isMounted = (one: string) => mounts.some(([, folder]) => `${one}/`.startsWith(`${folder}/`));
  expect(paths.filter((one) => !isMounted(one))).toEqual([]);
});

test.each(workloads)("%s opens the ports on which fleet listens, for probes and services", (path) => {
  const text = read(path);
  const ports = captures(text, /name: (\w+), containerPort: (\d+)/g);
  const listens = captures(text, /--(listen|metrics|probes) 0\.0\.0\.0:(\d+)/g);
  expect(ports).toEqual(listens.map(([flag, port]) => [flag === "listen" ? "grpc" : flag, port]));
  expect(captures(text, /path: (\/\w+), port: (\w+)/g)).toEqual([
    ["/readyz", "probes"],
    ["/healthz", "probes"],
  ]);
  for (const service of list(`${dirname(path)}/service.yaml`)) {
    const served = captures(read(service), /port: (\d+), targetPort: (\w+)/g);
    expect(served.map(([port, name]) => [name, port])).toEqual(ports.filter(([name]) => name !== "probes"));
  }
});

// What decides whether a process lives must not be reached by scrapers, or by attackers who would fail it.
test.each(workloads)(
  "%s has a policy that opens its ports but that of the probes, and to nobody by accident",
  (path) => {
    const policy = read(`${dirname(path)}/network-policy.yaml`);
    const [labels] = captures(read(path), /matchLabels: (\{ .*\})$/gm);
    expect(captures(policy, /matchLabels: (\{ .*\})$/gm)).toEqual([labels]);
    expect(policy).toMatch(/^ {2}policyTypes: \[Ingress\]$/m);
    const ports = captures(read(path), /name: (\w+), containerPort: \d+/g).flat();
    const opened = captures(policy, /ports: \[\{ port: (\w+) \}\]/g).flat();
    expect(opened).toEqual(ports.filter((name) => name !== "probes"));
    // A rule whose list of sources is empty lets every caller in: such a rule is left out.
    const rules = captures(
      policy,
      /\{\{- with \.Values\.(\w+) \}\}\n {4}- from: \{\{ toJson \. \}\}\n {6}ports: .*\n {4}\{\{- end \}\}\n/g,
    );
    expect(rules.flat()).toEqual(opened.map((name) => `${name}From`));
    expect(captures(policy, /(- from)/g)).toHaveLength(rules.length);
  },
);

test.each(list("deploy/helm/*/templates/*.yaml"))("%s: a release may be called by a number", (path) => {
  expect(captures(read(path), /(?<!")(\{\{ \$?\.Release\.Name \}\}.*)/g)).toEqual([]);
});

// Helm reads a number as one with a fraction, and a template writes 1e+06 for a million; JSON does not.
test.each(workloads)("%s: a number among the flags is given as it was written", (path) => {
  const words = captures(read(path), /range \.Values\.flags \}\} \{\{ (.*?) \}\}\{\{ end/g).flat();
  const isExact = (word: string) => word === 'squote (kindIs "string" . | ternary . (toJson .))';
  expect(words.filter((word) => !isExact(word))).toEqual([]);
});

test("a shard without machines is started as one that was given none", () => {
  const chart = "deploy/helm/shard/templates";
  const given = `if [ -e "/machines/$POD_NAME.yaml" ]; then set -- --machines "/machines/$POD_NAME.yaml"; fi`;
  expect(read(`${chart}/statefulset.yaml`)).toContain(given);
  expect(read(`${chart}/machines.yaml`)).toContain("{{- if hasKey $.Values.machines . }}");
});

test("a shard finds the coordinators where their chart has them", () => {
  const { coordinators } = parse(read("deploy/helm/shard/values.yaml"));
  const [peers = []] = captures(
    read("deploy/helm/coordinator/templates/statefulset.yaml"),
    /--peers "(.*)"/g,
  );
  // Without the value replicas.
  const [, founders = ""] = /\{\{ else \}\}(.*)\{\{ end \}\}/.exec(peers.join()) ?? [];
  const addresses = founders.replaceAll(/\d=n\d@/g, "");
  expect(coordinators).toBe(addresses.replaceAll("$POD", "fleet").replaceAll("$DOMAIN", "fleet.fleet.svc"));
});

// Debian's golang-go and golang-github-masterminds-sprig-dev.
const goPath = "/usr/share/gocode";
const hasSprig =
  existsSync(`${goPath}/src/github.com/Masterminds/sprig`) && spawnSync("go", ["version"]).status === 0;
const chart = "deploy/helm/coordinator";
const rejoined = { replicas: [{ id: 1, name: "n1" }, { id: 5, name: "n2" }, {}] };
const founders = "1=n1@fleet-0.D:7400,2=n2@fleet-1.D:7400,3=n3@fleet-2.D:7400";
const joined = "1=n1@fleet-0.D:7400,5=n2@fleet-1.D:7400";
test.skipIf(lacks("Go with sprig", hasSprig)).each([
  { given: {}, pod: 0, starts: { id: "1", name: "n1", cert: "/certs/n1.crt", peers: founders } },
  { given: {}, pod: 2, starts: { id: "3", name: "n3", cert: "/certs/n3.crt", peers: founders } },
  { given: rejoined, pod: 0, starts: { id: "1", name: "n1", cert: "/certs/n1.crt", peers: joined } },
  { given: rejoined, pod: 1, starts: { id: "5", name: "n2", cert: "/certs/n2.crt", peers: joined } },
  { given: rejoined, pod: 2, starts: "waits" },
  { given: { replicas: [{}, {}, {}] }, pod: 0, starts: "waits" },
])("with $given pod $pod starts $starts", async ({ given, pod, starts }) => {
  const script = commandOf(render({ ...parse(read(join(chart, "values.yaml"))), ...given }));
  const folder = await makeFolder();
  for (const program of ["fleet", "node"]) {
    await writeFile(join(folder, program), '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n', { mode: 0o755 });
  }
  const env = {
    PATH: `${folder}:/usr/bin:/bin`,
    POD_NAME: `fleet-${pod}`,
    POD: "fleet",
    DOMAIN: "D",
    BOOTSTRAP: "",
  };
  const ran = spawnSync("/bin/sh", ["-ec", script], { env, encoding: "utf8" });
  await removeFolder(folder);
  const [program = "", ...words] = ran.stdout.split("\n");
  const flag = (name: string) => words[words.indexOf(`--${name}`) + 1];
  const started = { id: flag("id"), name: flag("name"), cert: flag("cert"), peers: flag("peers") };
  expect(basename(program) === "node" ? "waits" : started).toEqual(starts);
});

function render(values: object): string {
  const env = { ...process.env, GO111MODULE: "off", GOPATH: goPath };
  const template = join(root, chart, "templates/statefulset.yaml");
  const words = ["run", join(root, "test/tidy/render-template.go"), template];
  const ran = spawnSync("go", words, { env, input: JSON.stringify(values), encoding: "utf8" });
  expect(ran.stderr).toBe("");
  return ran.stdout;
}

const commandOf = (rendered: string): string => parse(rendered).spec.template.spec.containers[0].command[2];

test("an image is the package, on a base that is one and the same", () => {
  const text = read("deploy/Dockerfile");
  expect(captures(text, /^COPY --from=build (.*)$/gm)).toEqual([["/src/package /opt/fleet"]]);
  expect(captures(text, /^ARG BASE=node:24-bookworm-slim@sha256:([0-9a-f]{64})$/gm)).toHaveLength(1);
  expect(captures(text, /^FROM \$\{(\w+)\}/gm)).toEqual([["BASE"], ["BASE"]]);
});

/** The groups of every match. */
function captures(text: string, pattern: RegExp): string[][] {
  return [...text.matchAll(pattern)].map(([, ...groups]) => groups);
}

/** What follows `fleet serve`, with lines that end in a backslash joined, and with what a script adds for some. */
function startLines(text: string): string[] {
  const added = captures(text, /set -- (.*?);/g).join(" ");
  const lines = text
    .replaceAll(/\\\n\s*/g, " ")
    .replaceAll('"$@"', () => added)
    .split("\n");
  return lines.flatMap((line) => /(?:^ExecStart=\S*\/|exec )fleet serve (.*)$/.exec(line)?.[1] ?? []);
}

function manifestVersion(): string {
  return parse(read("package.json")).version;
}
