// What is read of a certificate that a peer shows.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shownCertificate } from "../../../../src/core/wire/tls/peer-certificate.ts";
import { TestAuthority } from "../../../integration/test-authority.ts";

const URI = "fleet://shard/s1";
let authority: TestAuthority;

beforeAll(async () => {
  authority = await TestAuthority.make();
});
afterAll(() => authority.remove());

/** A certificate that begins on the first of June of a year with four digits, whatever a maker of certificates writes. */
async function beginningIn(year: string): Promise<X509Certificate> {
  await authority.issue("s1", [URI], true, new Date(Date.UTC(2060, 5, 1)));
  const { raw } = new X509Certificate(readFileSync(authority.files("s1").cert));
  raw.write(year, raw.indexOf("20600601000000Z"), "latin1");
  return new X509Certificate(raw);
}

// As a text the first two have two digits, which Date.parse takes for years of this century.
test.each(["0030", "0049", "1975", "2060"])("when it begins, in the year %s", async (year) => {
  const { raw, serialNumber } = await beginningIn(year);
  const beginsAt = Date.parse(`${year}-06-01T00:00:00Z`);
  expect(shownCertificate({ raw, serialNumber }, URI).notBeforeMs).toBe(beginsAt);
});

test("one that cannot be read is taken for the oldest there is", () => {
  expect(shownCertificate({}, URI)).toEqual({
    serial: "",
    uri: URI,
    notBeforeMs: Number.NEGATIVE_INFINITY,
  });
});
