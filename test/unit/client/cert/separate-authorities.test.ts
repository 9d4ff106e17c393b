// Who signs what in a folder with an authority for each kind of identity, and whom its holders trust.

import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { isSignedBy } from "../../../../src/client/cert/authority.ts";
import { holdersOf } from "../../../../src/client/cert/holders.ts";
import { listCertificates } from "../../../../src/client/cert/inventory.ts";
import { issueTo } from "../../../../src/client/cert/issue.ts";
import { makeAuthorities } from "../../../../src/client/cert/make-authority.ts";
import { type FleetFile, formatFleetFile, parseFleetFile } from "../../../../src/client/files/fleet-file.ts";
import { authorityFilesIn, kindAuthorityFilesIn } from "../../../../src/client/files/layout.ts";
import { planProcesses } from "../../../../src/client/files/process-plan.ts";
import { fillStaging } from "../../../../src/client/local/staging.ts";
import { AUTHORITY_KINDS } from "../../../../src/core/wire/tls/authorities.ts";
import { requireOwnAuthority } from "../../../../src/core/wire/tls/holder.ts";
import { leafOf, loadTls } from "../../../../src/core/wire/tls/tls.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const file: FleetFile = {
  ...{ name: "local", clusterId: "c-1", profile: "lan", clusters: ["c1"], authorities: "separate" },
  nodes: [{ id: 1, name: "n1", address: "127.0.0.1:7001" }],
  shards: [{ id: "s1", address: "127.0.0.1:7101" }],
};
let directory: string;
beforeEach(async () => {
  directory = await temporaryFolder();
});

test("each holder of a new fleet has a certificate of its own kind's authority", async () => {
  await fillStaging(directory, file);
  for (const { files } of holdersOf(directory, file)) requireOwnAuthority(loadTls(files), files);
  const { certificates } = await listCertificates({ directory, file, processes: [] }, Date.now());
  expect(certificates.map(({ name, state }) => [name, state])).toEqual(
    ["peer-ca", "shard-ca", "agent-ca", "operator-ca", "admin", "readonly", "n1", "s1", "c1"].map((name) => [
      name,
      "valid",
    ]),
  );
});

test("its processes are told which authority proves whom, and its file remembers it", () => {
  expect(parseFleetFile("fleet.yaml", formatFleetFile(file)).authorities).toBe("separate");
  const flagsOf = (plan: { readonly args: readonly string[] }) =>
    plan.args.filter((arg) => /^--(peer|shard|agent|operator)-ca$/.test(arg));
  const all = ["--peer-ca", "--shard-ca", "--agent-ca", "--operator-ca"];
  expect(planProcesses(directory, file).map(flagsOf)).toEqual([all, all, ["--shard-ca", "--agent-ca"]]);
  const { authorities, ...one } = file;
  expect(authorities).toBe("separate");
  expect(planProcesses(directory, one).map(flagsOf)).toEqual([[], [], []]);
});

test.each([
  { role: "replica", name: "n1", id: 1, kind: "peer" },
  { role: "shard", name: "s1", kind: "shard" },
  { role: "cluster", name: "c1", kind: "agent" },
  { role: "admin", name: "ops", kind: "operator" },
  { role: "readonly", name: "dash", kind: "operator" },
  { role: "operator", name: "ana", kind: "operator" },
] as const)("a certificate for a $role is the $kind authority's", async ({ kind, ...request }) => {
  const made = await makeAuthorities("prod", join(directory, "authorities"), Date.now());
  expect(made.authorities.map((each) => each.kind)).toEqual([...AUTHORITY_KINDS]);
  const out = join(directory, "out");
  const issuer = { authority: authorityFilesIn(join(directory, "authorities")), nodes: [] };
  const issued = await issueTo(issuer, { ...request, out, days: 30, hosts: [] }, Date.now());
  const leaf = new X509Certificate(await readFile(issued.cert));
  for (const each of AUTHORITY_KINDS) {
    const authority = await readFile(kindAuthorityFilesIn(out, each).cert, "utf8");
    expect(isSignedBy(leaf, authority)).toBe(each === kind);
  }
  expect((await readdir(out)).toSorted()).toEqual(
    [
      "ca.crt",
      ...AUTHORITY_KINDS.map((each) => `${each}-ca.crt`),
      `${request.name}.crt`,
      `${request.name}.key`,
    ].toSorted(),
  );
});

test("operators trust the peers' authority and their own, and nothing that tenants sign", async () => {
  const { cert } = await makeAuthorities("prod", directory, Date.now());
  const trusted = await readFile(cert, "utf8");
  const of = async (kind: (typeof AUTHORITY_KINDS)[number]) =>
    trusted.includes(await readFile(kindAuthorityFilesIn(directory, kind).cert, "utf8"));
  expect([await of("peer"), await of("operator"), await of("agent"), await of("shard")]).toEqual([
    ...[true, true],
    ...[false, false],
  ]);
  const issuer = { authority: authorityFilesIn(directory), nodes: [] };
  const request = { role: "admin", name: "ops", out: join(directory, "out"), days: 30, hosts: [] } as const;
  const { ca, cert: own, key } = await issueTo(issuer, request, Date.now());
  expect(leafOf(loadTls({ ca, cert: own, key })).subjectAltName).toBe("URI:fleet://admin");
});
