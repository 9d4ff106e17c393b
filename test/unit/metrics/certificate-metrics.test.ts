import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../src/client/cert/certs.ts";
import { CertificateMetrics, certificatesIn } from "../../../src/core/metrics/certificate-metrics.ts";
import { Exposition } from "../../../src/core/metrics/exposition.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { inDays } from "../fake-time.ts";
import { sampleOf } from "./parse-exposition.ts";

const NAME = "fleet_certificate_expiry_timestamp_seconds";
const DAY_SECONDS = 86_400;

async function folderOf(days: Readonly<Record<string, number>>): Promise<string> {
  const folder = await temporaryFolder();
  const authority = await createAuthority("test");
  await writeFile(join(folder, "ca.crt"), authority.certificate);
  for (const [name, lasts] of Object.entries(days)) await writeCertificate(folder, name, lasts);
  return folder;

  async function writeCertificate(into: string, name: string, lasts: number): Promise<void> {
    const request = { commonName: name, uri: `fleet://cluster/${name}`, days: lasts };
    const { certificate } = await issueCertificate(authority, request);
    await writeFile(join(into, `${name}.crt`), certificate);
  }
}

async function look(metrics: CertificateMetrics, file: string): Promise<number | null> {
  const exposition = new Exposition();
  await metrics.collect(exposition);
  return sampleOf(exposition.text(), NAME, { file });
}

test("of many certificates the one that expires first counts, apart from the authority's", async () => {
  const folder = await folderOf({ c1: 300, c2: 10, c3: 20 });
  await writeFile(join(folder, "c4.crt"), "not a certificate");
  const metrics = new CertificateMetrics(() => certificatesIn(folder));
  const expected = Date.now() / 1000 + 10 * DAY_SECONDS;
  expect(Math.abs(((await look(metrics, "cert")) ?? 0) - expected)).toBeLessThan(DAY_SECONDS);
  expect(await look(metrics, "ca")).toBeGreaterThan(expected);
});

test("of the authorities in one file, while a fleet changes from one to another, the one that expires first counts", async () => {
  const folder = await folderOf({ c1: 300 });
  const file = join(folder, "ca.crt");
  const young = await readFile(file, "utf8");
  const old = await inDays(-3_690, () => createAuthority("old"));
  await writeFile(file, young + old.certificate);
  const metrics = new CertificateMetrics(() => certificatesIn(folder));
  const expected = Date.now() / 1000 + 10 * DAY_SECONDS;
  expect(Math.abs(((await look(metrics, "ca")) ?? 0) - expected)).toBeLessThan(DAY_SECONDS);
});

test("renewed certificates are seen, though files are not read with every look", async () => {
  let nowMs = 0;
  const folders = [await folderOf({ c1: 10 }), await folderOf({ c1: 100 })];
  let folder = folders[0] ?? "";
  const metrics = new CertificateMetrics(
    () => certificatesIn(folder),
    () => nowMs,
  );
  const before = await look(metrics, "cert");
  folder = folders[1] ?? "";
  expect(await look(metrics, "cert")).toBe(before);
  nowMs = 60_000;
  expect(await look(metrics, "cert")).toBeGreaterThan(before ?? Number.POSITIVE_INFINITY);
});

test("without certificates nothing is claimed", async () => {
  expect(await look(new CertificateMetrics(() => certificatesIn("/nowhere")), "cert")).toBeNull();
});
