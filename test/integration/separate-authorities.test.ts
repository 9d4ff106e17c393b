// A local fleet whose kinds of identity have an authority each. It serves, renews its certificates and grows. What
// the agents' authority signs in an administrator's name opens nothing. And its operator revokes, by the commands.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../src/client/cert/certs.ts";
import { certsFolder, kindAuthorityFilesIn } from "../../src/client/files/layout.ts";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import { MemberRole } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { TestFleet } from "./local-fleet.ts";

const WAIT_MS = 60_000;
let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.init("--nodes", "3", "--shards", "1", "--clusters", "2", "--separate-authorities");
});
afterAll(() => fleet.dispose());

async function json(...args: readonly string[]) {
  const ran = await fleet.run(...args, "-o", "json");
  expect(ran).toMatchObject({ exit: 0 });
  return JSON.parse(ran.stdout);
}

const states = async () => {
  const { certificates } = await json("cert", "list");
  return Object.fromEntries(
    certificates.map(({ name, state }: { name: string; state: string }) => [name, state]),
  );
};

/** The clusters whose agents are served now. */
async function served(): Promise<string[]> {
  const client = await fleet.connect();
  try {
    const { clusters } = await client.listClusters();
    const isServed = ({ observed }: (typeof clusters)[number]) => observed.some(({ session }) => session);
    return clusters.filter(isServed).map(({ clusterId }) => clusterId);
  } finally {
    client.close();
  }
}

/** The voters that the leader hears. */
async function answering(): Promise<string[]> {
  const client = await fleet.connect();
  try {
    const { members } = await client.listMembers();
    const heard = members.filter(({ role, answers }) => role === MemberRole.VOTER && answers);
    return heard.map(({ member }) => member?.name ?? "").sort();
  } finally {
    client.close();
  }
}

test("agents are served, certificates are renewed, and a node joins", async () => {
  await expect.poll(served, { timeout: WAIT_MS }).toEqual(["c1", "c2"]);
  expect(await fleet.run("cert", "rotate", "--yes")).toMatchObject({ exit: 0 });
  expect(await fleet.run("member", "add", "--name", "n4")).toMatchObject({ exit: 0 });
  await expect.poll(answering, { timeout: WAIT_MS }).toEqual(["n1", "n2", "n3", "n4"]);
  await expect.poll(served, { timeout: WAIT_MS }).toEqual(["c1", "c2"]);
});

test("an administrator's certificate of the agents' authority opens nothing", async () => {
  const folder = certsFolder(fleet.directory);
  const files = kindAuthorityFilesIn(folder, "agent");
  const agents = { certificate: await readFile(files.cert, "utf8"), key: await readFile(files.key, "utf8") };
  const forged = await issueCertificate(agents, { commonName: "x", uri: "fleet://admin", days: 1 });
  const out = join(fleet.home, "forged");
  await mkdir(out);
  const trusted = await readFile(kindAuthorityFilesIn(folder, "peer").cert, "utf8");
  await writeFile(join(out, "ca.crt"), trusted + agents.certificate);
  await writeFile(join(out, "x.crt"), forged.certificate);
  await writeFile(join(out, "x.key"), forged.key);
  const { file } = await loadLocalFleet(fleet.directory);
  const endpoints = file.nodes.map(({ address }) => address).join(",");
  const as = ["--endpoints", endpoints, "--ca", join(out, "ca.crt")];
  const ran = await fleet.run("status", ...as, "--cert", join(out, "x.crt"), "--key", join(out, "x.key"));
  expect(ran).toMatchObject({ exit: 4, stderr: expect.stringContaining("FLEET_E_AUTHORITY_MISMATCH") });
});

test("the one authority of all is not changed where there is none", async () => {
  const ran = await fleet.run("cert", "rotate", "--ca", "--yes");
  expect(ran).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_AUTHORITIES_SEPARATE") });
});

test("an operator revokes a tenant's certificates, sees them revoked, and lets the tenant in with a new one", async () => {
  await expect.poll(served, { timeout: WAIT_MS }).toEqual(["c1", "c2"]);
  const c1 = "fleet://cluster/c1";
  expect(await fleet.run("cert", "revoke", c1, "--reason", "stolen", "--dry-run")).toMatchObject({ exit: 0 });
  expect(await states()).toMatchObject({ c1: "valid" });
  // A certificate begins with a whole second, and one that began in the second of the revocation is spared.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await fleet.run("cert", "revoke", c1, "--reason", "stolen")).toMatchObject({ exit: 0 });
  // The list asks any coordinator, also one that is behind.
  await expect
    .poll(states, { timeout: WAIT_MS })
    .toMatchObject({ c1: "revoked", c2: "valid", admin: "valid" });
  await expect.poll(served, { timeout: WAIT_MS }).toEqual(["c2"]);
  expect((await json("cert", "revoked")).revocations).toMatchObject([{ subject: c1, reason: "stolen" }]);
  expect(await fleet.run("cert", "rotate", "c1", "--yes")).toMatchObject({ exit: 0 });
  await expect.poll(served, { timeout: WAIT_MS }).toEqual(["c1", "c2"]);
  expect(await states()).toMatchObject({ c1: "valid" });
  expect(await fleet.run("cert", "unrevoke", c1)).toMatchObject({ exit: 0 });
  expect(await fleet.run("cert", "unrevoke", c1)).toMatchObject({ exit: 3 });
});

test("what cannot be revoked is said, with its exit code", async () => {
  expect(await fleet.run("cert", "revoke", "fleet://admin")).toMatchObject({
    exit: 9,
    stderr: expect.stringContaining("FLEET_E_REVOKES_CALLER"),
  });
  const pair = await createAuthority("x");
  await writeFile(join(fleet.home, "x.crt"), pair.certificate);
  expect(await fleet.run("cert", "revoke", "x.crt", "--dry-run")).toMatchObject({ exit: 0 });
  expect(await fleet.run("cert", "revoke", "nothing")).toMatchObject({ exit: 2 });
  expect(await fleet.run("cert", "revoke", "A1", "--issued-before", "2026-01-01T00:00:00Z")).toMatchObject({
    exit: 2,
  });
  expect(await fleet.run("cert", "revoke", "fleet://readonly", "--issued-before", "soon")).toMatchObject({
    exit: 2,
  });
  expect(
    await fleet.run("cert", "revoke", "fleet://readonly", "--issued-before", "2100-01-01T00:00:00Z"),
  ).toMatchObject({
    exit: 2,
  });
});

test("while the fleet is down, its list says that revocations are not known", async () => {
  expect(await fleet.run("down")).toMatchObject({ exit: 0 });
  expect(await json("cert", "list")).toMatchObject({ revocationsKnown: false });
});
