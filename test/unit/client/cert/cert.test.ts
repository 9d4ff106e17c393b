// What the certificates' files hold after each command, with a folder as `fleet init` makes it and no process.

import { X509Certificate } from "node:crypto";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isSignedBy, readAuthority } from "../../../../src/client/cert/authority.ts";
import { createAuthority } from "../../../../src/client/cert/certs.ts";
import { holdersOf, issueFor } from "../../../../src/client/cert/holders.ts";
import { listCertificates, needingRenewal } from "../../../../src/client/cert/inventory.ts";
import { issueTo } from "../../../../src/client/cert/issue.ts";
import { makeAuthority } from "../../../../src/client/cert/make-authority.ts";
import { replacePair } from "../../../../src/client/cert/replace-pair.ts";
import { localTarget } from "../../../../src/client/context/target.ts";
import type { FleetFile } from "../../../../src/client/files/fleet-file.ts";
import { authorityFiles, holderTls } from "../../../../src/client/files/layout.ts";
import type { LocalFleet } from "../../../../src/client/files/local-fleet.ts";
import { FleetClient } from "../../../../src/client/fleet-client.ts";
import { fillStaging } from "../../../../src/client/local/staging.ts";
import { present } from "../../../../src/core/base/assert.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { leafOf, loadTls } from "../../../../src/core/wire/tls/tls.ts";
import { makeFolder } from "../../../make-folder.ts";

const DAY_MS = 86_400_000;
const file: FleetFile = {
  ...{ name: "local", clusterId: "c-1", profile: "lan", clusters: ["c1"] },
  nodes: [{ id: 1, name: "n1", address: "127.0.0.1:7001" }],
  shards: [{ id: "s1", address: "127.0.0.1:7101" }],
};
let fleet: LocalFleet;

beforeEach(async () => {
  const directory = await makeFolder();
  await fillStaging(directory, file);
  fleet = { directory, file, processes: [] };
});
afterEach(() => rm(fleet.directory, { recursive: true }));

const request = { role: "readonly", name: "bob", days: 30, hosts: [] } as const;
const issuer = () => ({ authority: authorityFiles(fleet.directory), nodes: file.nodes });
const issue = (changes: object = {}) =>
  issueTo(issuer(), { ...request, out: join(fleet.directory, "out"), ...changes }, Date.now());

test("every holder's certificate is listed, the authority's first", async () => {
  const { certificates } = await listCertificates(fleet, Date.now());
  expect(certificates.map(({ name, identity, state }) => [name, identity, state])).toEqual([
    ["ca", null, "valid"],
    ["admin", "fleet://admin", "valid"],
    ["readonly", "fleet://readonly", "valid"],
    ["n1", "fleet://replica/1", "valid"],
    ["s1", "fleet://shard/s1", "valid"],
    ["c1", "fleet://cluster/c1", "valid"],
  ]);
});

test.each([
  { years: 9.95, state: "valid", why: "more than a fortnight is left" },
  { days: 3_640, state: "soon", why: "ten days are left" },
  { days: 3_651, state: "ended", why: "it is over" },
])("$state: $why", async ({ years = 0, days = years * 365, state }) => {
  const list = await listCertificates(fleet, Date.now() + days * DAY_MS);
  expect(list.certificates.find(({ name }) => name === "n1")?.state).toBe(state);
  expect(needingRenewal(list).length > 0).toBe(state !== "valid");
});

test("a pair that does not belong together is listed as unusable, and why", async () => {
  const { key } = holderTls(fleet.directory, "n1");
  await writeFile(key, await readFile(holderTls(fleet.directory, "s1").key));
  const { certificates } = await listCertificates(fleet, Date.now());
  const problem = expect.stringContaining("is not the private key of");
  expect(certificates.find(({ name }) => name === "n1")).toMatchObject({ state: "unusable", problem });
});

test("one that begins later is unusable until then, and says why", async () => {
  const { certificates } = await listCertificates(fleet, Date.now() - DAY_MS);
  const problem = expect.stringContaining("n1.crt is not valid before");
  expect(certificates.find(({ name }) => name === "n1")).toMatchObject({ state: "unusable", problem });
});

test("a client whose own certificate has ended is told so, before anybody is asked", async () => {
  const { pair } = await readAuthority(authorityFiles(fleet.directory));
  const files = holderTls(fleet.directory, "admin");
  const ended = await issueFor(
    present(holdersOf(fleet.directory, file)[0], "the administrator"),
    pair,
    -0.01,
  );
  await replacePair(files, ended, join(fleet.directory, "kept"));
  const connect = () => FleetClient.connect(localTarget(fleet, "--dir"));
  expect(connect).toThrow(`${files.cert} ended at`);
  const parts = expect.objectContaining({ exit: Exit.Authentication });
  expect(connect).toThrow(expect.objectContaining({ code: "CERTIFICATE_ENDED", parts }));
});

test("an issued certificate is the fleet's, its key its owner's alone", async () => {
  const { cert, key, ca, identity } = await issue({
    role: "shard",
    name: "s9",
    hosts: ["s9.example.org", "10.0.0.9"],
  });
  const leaf = leafOf(loadTls({ ca, cert, key }));
  expect(identity).toBe("fleet://shard/s9");
  expect(leaf.subjectAltName).toBe("URI:fleet://shard/s9, DNS:s9.example.org, IP Address:10.0.0.9");
  expect((await stat(key)).mode & 0o777).toBe(0o600);
});

test("a replica is named by its node's name or its number", async () => {
  expect(await issue({ role: "replica", name: "n1" })).toMatchObject({ identity: "fleet://replica/1" });
  expect(await issue({ role: "replica", name: "7" })).toMatchObject({ identity: "fleet://replica/7" });
  expect(await issue({ role: "replica", name: "8", id: 8 })).toMatchObject({ identity: "fleet://replica/8" });
  await expect(issue({ role: "replica", name: "nobody" })).rejects.toMatchObject({ code: "USAGE" });
  await expect(issue({ role: "replica", name: "1e1" })).rejects.toMatchObject({ code: "USAGE" });
});

test("a replica that no file knows is called by its name and has its number besides", async () => {
  const { cert, identity } = await issue({ role: "replica", name: "n4", id: 4 });
  expect([basename(cert), identity]).toEqual(["n4.crt", "fleet://replica/4"]);
});

test.each([
  { role: "replica", name: "n1", id: 2, why: "n1 is number 1" },
  { role: "replica", name: "n9", id: 1, why: "number 1 is n1's" },
  { role: "replica", name: "3", id: 5, why: "its name says that it is number 3" },
  { role: "shard", name: "s1", id: 1, why: "shards have no numbers" },
])("$role $name is not number $id: $why", async ({ role, name, id }) => {
  await expect(issue({ role, name, id })).rejects.toMatchObject({ code: "USAGE" });
});

test("an authority of its own signs for a fleet on hosts of its own", async () => {
  const out = join(fleet.directory, "authority");
  const { cert, key } = await makeAuthority("prod", out, Date.now());
  expect((await stat(key)).mode & 0o777).toBe(0o600);
  const request = { role: "replica", name: "n1", id: 1, hosts: ["n1.example.org"], days: 30 } as const;
  const issued = await issueTo(
    { authority: { cert, key }, nodes: [] },
    { ...request, out: join(fleet.directory, "out") },
    Date.now(),
  );
  expect(leafOf(loadTls(issued)).subjectAltName).toBe("URI:fleet://replica/1, DNS:n1.example.org");
  await expect(makeAuthority("prod", out, Date.now())).rejects.toMatchObject({ code: "FILE_EXISTS" });
});

test.each(["bob.key", "bob.crt", "ca.crt"])(
  "a %s that is there stays, and nothing is written beside it",
  async (name) => {
    const out = await makeFolder(fleet.directory);
    await writeFile(join(out, name), "precious");
    await expect(issue({ out })).rejects.toMatchObject({ code: "FILE_EXISTS" });
    expect(await readdir(out)).toEqual([name]);
    expect(await readFile(join(out, name), "utf8")).toBe("precious");
  },
);

test("no certificate outlives its authority", async () => {
  await expect(issue({ days: 4_000 })).rejects.toMatchObject({ code: "AUTHORITY_ENDS" });
});

test("a replaced pair is kept, with its key readable by nobody else", async () => {
  const holder = present(holdersOf(fleet.directory, file).at(2), "n1 holds one");
  const before = await readFile(holder.files.key, "utf8");
  const pair = await issueFor(holder, (await readAuthority(authorityFiles(fleet.directory))).pair);
  const kept = join(fleet.directory, "kept");
  await replacePair(holder.files, pair, kept);
  expect(loadTls(holder.files).cert.toString()).toBe(pair.certificate);
  expect(await readFile(join(kept, "certs", "n1.key"), "utf8")).toBe(before);
  for (const key of [holder.files.key, join(kept, "certs", "n1.key")]) {
    expect((await stat(key)).mode & 0o777).toBe(0o600);
  }
});

test("of two trusted authorities the one whose key lies there signs", async () => {
  const files = authorityFiles(fleet.directory);
  const next = await createAuthority("next");
  await writeFile(files.cert, next.certificate + (await readFile(files.cert, "utf8")));
  const { pair, trusted } = await readAuthority(authorityFiles(fleet.directory));
  expect(trusted).toHaveLength(2);
  expect(pair.certificate).not.toBe(next.certificate);
  const { cert } = await issue();
  const leaf = new X509Certificate(await readFile(cert));
  expect(isSignedBy(leaf, pair.certificate)).toBe(true);
});
