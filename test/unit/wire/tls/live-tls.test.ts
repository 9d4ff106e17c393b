// Files that change while a process runs: what is taken up, and that what cannot be used changes nothing.

import { rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { createAuthority, issueCertificate, type PemPair } from "../../../../src/client/cert/certs.ts";
import { LiveTls } from "../../../../src/core/wire/tls/live-tls.ts";
import { makeFolder, removeFolder } from "../../../make-folder.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { inDays } from "../../fake-time.ts";

let folder = "";
let authority: PemPair;
let said: string[] = [];
let changes = 0;
const at = (name: string) => join(folder, name);
const log = {
  info: (fact: string) => void said.push(fact),
  warn: (fact: string) => void said.push(fact),
  error: (_: string, fields?: Readonly<Record<string, unknown>>) => void said.push(String(fields?.["error"])),
};

beforeEach(async () => {
  folder = await temporaryFolder();
  authority = await createAuthority("ours");
  [said, changes] = [[], 0];
  await writeFile(at("ca.crt"), authority.certificate);
  await write(await pair());
});

const DAY_MS = 86_400_000;
const DAYS = 30;
const pair = (uri = "fleet://replica/1", by = authority, days = DAYS) =>
  issueCertificate(by, { commonName: "n1", uri, days });

/** One that ended a minute ago. */
const ended = () => pair("fleet://replica/1", authority, -60_000 / DAY_MS);

async function write({ certificate, key }: PemPair): Promise<void> {
  await writeFile(at("n1.key"), key);
  await writeFile(at("n1.crt"), certificate);
}

function live(now?: () => number): LiveTls {
  const tls = new LiveTls({ ca: at("ca.crt"), cert: at("n1.crt"), key: at("n1.key") }, log, now);
  tls.onChange(() => {
    changes += 1;
  });
  return tls;
}

test("files that stay are taken up once", async () => {
  const tls = live();
  await tls.look();
  await tls.look();
  expect([changes, said]).toEqual([0, []]);
});

test("a renewed pair is in force, and said once", async () => {
  const tls = live();
  const renewed = await pair();
  await write(renewed);
  await tls.look();
  await tls.look();
  expect(tls.cert.toString()).toBe(renewed.certificate);
  expect(changes).toBe(1);
  expect(said).toEqual(["certificates were renewed; new connections use them"]);
});

test("files behind a link that is swapped, as Kubernetes does it, are followed", async () => {
  await symlink(folder, at("..data"));
  const tls = new LiveTls(
    { ca: at("..data/ca.crt"), cert: at("..data/n1.crt"), key: at("..data/n1.key") },
    log,
  );
  const other = await makeFolder();
  const renewed = await pair();
  await writeFile(join(other, "ca.crt"), authority.certificate);
  await writeFile(join(other, "n1.crt"), renewed.certificate);
  await writeFile(join(other, "n1.key"), renewed.key);
  await symlink(other, at("next"));
  await rename(at("next"), at("..data"));
  await tls.look();
  await removeFolder(other);
  expect(tls.cert.toString()).toBe(renewed.certificate);
});

test("a second authority is trusted as soon as the file holds it", async () => {
  const tls = live();
  const next = await createAuthority("next");
  await writeFile(at("ca.crt"), authority.certificate + next.certificate);
  await tls.look();
  expect(tls.ca.toString()).toContain(next.certificate);
});

test("a second authority that begins later and ends last keeps nothing from being taken up", async () => {
  const tls = live();
  const next = await inDays(1, () => createAuthority("next"));
  await writeFile(at("ca.crt"), authority.certificate + next.certificate);
  for (let look = 0; look < 3; look += 1) await tls.look();
  expect(tls.ca.toString()).toContain(next.certificate);
  expect(tls.refusal).toBe("");
});

test("whichever certificate lies beside a file of both keys has its key", async () => {
  const [old, renewed] = [await pair(), await pair()];
  await write({ certificate: old.certificate, key: old.key + renewed.key });
  const tls = live();
  expect(tls.key.toString()).toBe(old.key);
  await writeFile(at("n1.crt"), renewed.certificate);
  await tls.look();
  expect(tls.key.toString()).toBe(renewed.key);
});

test.each([
  {
    broken: async () => ({ key: (await pair()).key }),
    message: "is not the private key of",
    why: "another's key",
  },
  {
    broken: async () => ({ certificate: "-----BEGIN" }),
    message: "holds no certificate",
    why: "half-written",
  },
  {
    broken: async () => pair("fleet://replica/2"),
    message: "names URI:fleet://replica/2",
    why: "another's role",
  },
  {
    broken: async () => pair("fleet://replica/1", await createAuthority("theirs")),
    message: "was not issued by",
    why: "another authority's",
  },
  { broken: ended, message: "n1.crt ended at", why: "one that has ended" },
  {
    broken: () => inDays(2, pair),
    message: "n1.crt is not valid before",
    why: "one that is not valid yet",
  },
])("$why changes nothing and is said once, when it stays", async ({ broken, message }) => {
  const tls = live();
  const before = tls.cert.toString();
  const { certificate, key } = { certificate: before, key: tls.key.toString(), ...(await broken()) };
  await write({ certificate, key });
  await tls.look();
  expect(said).toEqual([]);
  for (let look = 0; look < 3; look += 1) await tls.look();
  expect(said).toEqual([expect.stringContaining(message)]);
  expect(tls.refusal).toContain(message);
  expect([tls.cert.toString(), changes]).toEqual([before, 0]);
  await write({ certificate: before, key: tls.key.toString() });
  await tls.look();
  expect([tls.refusal, changes]).toEqual(["", 0]);
});

test("files that are gone for a moment change nothing, and what comes back is taken", async () => {
  const tls = live();
  await rm(at("n1.crt"));
  await tls.look();
  const renewed = await pair();
  await write(renewed);
  await tls.look();
  expect(tls.cert.toString()).toBe(renewed.certificate);
});

test("one that was refused because it begins later is taken when it begins", async () => {
  let nowMs = Date.now();
  const tls = live(() => nowMs);
  const later = await inDays(2, pair);
  await write(later);
  for (let look = 0; look < 3; look += 1) await tls.look();
  expect(changes).toBe(0);
  nowMs += 2 * DAY_MS;
  await tls.look();
  expect(tls.cert.toString()).toBe(later.certificate);
});

test("an authority that has ended is refused, and beside one that holds it is none the worse", async () => {
  const tls = live();
  const old = await inDays(-4_000, () => createAuthority("ours"));
  await writeFile(at("ca.crt"), authority.certificate + old.certificate);
  await tls.look();
  expect(tls.ca.toString()).toContain(old.certificate);
  const signed = await pair("fleet://replica/1", old);
  await write(signed);
  for (let look = 0; look < 3; look += 1) await tls.look();
  expect(said.at(-1)).toContain("the authority that issued");
  await writeFile(at("ca.crt"), old.certificate);
  for (let look = 0; look < 3; look += 1) await tls.look();
  expect(said.at(-1)).toMatch(/authority .* ended at/);
  expect(tls.ca.toString()).toContain(authority.certificate);
  expect(changes).toBe(1);
});

test("a process that starts with one that has ended says so, and takes a new one", async () => {
  await write(await ended());
  const tls = live();
  expect(said).toEqual([expect.stringContaining("n1.crt ended at")]);
  await tls.look();
  expect(said).toHaveLength(1);
  await write(await ended());
  await tls.look();
  expect(said.slice(1)).toEqual([
    "certificates were renewed; new connections use them",
    expect.stringContaining("n1.crt ended at"),
  ]);
  const renewed = await pair();
  await write(renewed);
  await tls.look();
  expect(tls.cert.toString()).toBe(renewed.certificate);
  expect(said).toHaveLength(4);
});

test("that the one in use nears its end is said once, and once that it has ended", async () => {
  let nowMs = Date.now();
  const tls = live(() => nowMs);
  for (nowMs of [1, 16.1, 16.2, 20].map((days) => nowMs + days * DAY_MS)) await tls.look();
  expect(said).toEqual(["the certificate in use ends soon"]);
  nowMs += 10 * DAY_MS;
  for (let look = 0; look < 3; look += 1) await tls.look();
  expect(said.slice(1)).toEqual([expect.stringContaining("n1.crt ended at")]);
  await write(await inDays(31, pair));
  await tls.look();
  expect(changes).toBe(1);
});
