// Files that change while a process runs: what is taken up, and that what cannot be used changes nothing.

import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAuthority, issueCertificate, type PemPair } from "../../../src/client/local/certs.ts";
import { LiveTls } from "../../../src/core/wire/live-tls.ts";

let folder = "";
let authority: PemPair;
let said: string[] = [];
let changes = 0;
const at = (name: string) => join(folder, name);
const log = {
  info: (fact: string) => void said.push(fact),
  warn: () => undefined,
  error: (_: string, fields?: Readonly<Record<string, unknown>>) => void said.push(String(fields?.["error"])),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-live-tls-"));
  authority = await createAuthority("ours");
  [said, changes] = [[], 0];
  await writeFile(at("ca.crt"), authority.certificate);
  await write(await pair());
});
afterEach(() => rm(folder, { recursive: true }));

const pair = (uri = "fleet://replica/1", by = authority) =>
  issueCertificate(by, { commonName: "n1", uri, days: 1 });

async function write({ certificate, key }: PemPair): Promise<void> {
  await writeFile(at("n1.key"), key);
  await writeFile(at("n1.crt"), certificate);
}

function live(): LiveTls {
  const tls = new LiveTls({ ca: at("ca.crt"), cert: at("n1.crt"), key: at("n1.key") }, log);
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
  const other = await mkdtemp(join(tmpdir(), "fleet-live-tls-"));
  const renewed = await pair();
  await writeFile(join(other, "ca.crt"), authority.certificate);
  await writeFile(join(other, "n1.crt"), renewed.certificate);
  await writeFile(join(other, "n1.key"), renewed.key);
  await symlink(other, at("next"));
  await rename(at("next"), at("..data"));
  await tls.look();
  await rm(other, { recursive: true });
  expect(tls.cert.toString()).toBe(renewed.certificate);
});

test("a second authority is trusted as soon as the file holds it", async () => {
  const tls = live();
  const next = await createAuthority("next");
  await writeFile(at("ca.crt"), authority.certificate + next.certificate);
  await tls.look();
  expect(tls.ca.toString()).toContain(next.certificate);
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
])("$why changes nothing and is said once, when it stays", async ({ broken, message }) => {
  const tls = live();
  const before = tls.cert.toString();
  const { certificate, key } = { certificate: before, key: tls.key.toString(), ...(await broken()) };
  await write({ certificate, key });
  await tls.look();
  expect(said).toEqual([]);
  for (let look = 0; look < 3; look += 1) await tls.look();
  expect(said).toEqual([expect.stringContaining(message)]);
  expect([tls.cert.toString(), changes]).toEqual([before, 0]);
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
