// Of several authorities one that is valid now is enough, whatever the others' times are.

import { beforeAll, expect, test } from "vitest";
import { createAuthority, issueCertificate, type PemPair } from "../../../../src/client/cert/certs.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { endOf, invalidity, validityOf } from "../../../../src/core/wire/tls/validity.ts";
import { inDays } from "../../fake-time.ts";

const DAY_MS = 86_400_000;
/** How long an authority lasts. */
const LIFE = 3_700;
const nowMs = Date.now();
const dayOf = (days: number) => new Date(nowMs + days * DAY_MS).toISOString().slice(0, 10);

/** Authorities by the days from now at which they were made. */
const authorities = new Map<number, PemPair>();
let leaf: PemPair;

beforeAll(async () => {
  for (const days of [-2 * LIFE, -LIFE - 2, -LIFE + 3, -100, 1, 2, 10]) {
    authorities.set(days, await inDays(days, () => createAuthority(`made ${days}`)));
  }
  leaf = await issueBy(-100);
});

function madeAt(days: number): PemPair {
  const found = authorities.get(days);
  if (found === undefined) throw new Error(`no authority of ${days}`);
  return found;
}

const issueBy = (days: number) =>
  issueCertificate(madeAt(days), { commonName: "n1", uri: "fleet://replica/1", days: 300 });

const validity = (cert: string, made: readonly number[]) =>
  validityOf(
    { ca: Buffer.from(made.map((days) => madeAt(days).certificate).join("")), cert: Buffer.from(cert) },
    { ca: "ca.crt", cert: "n1.crt", key: "n1.key" },
  );

test.each([
  { made: [-100, 1], why: "the second begins tomorrow and ends last" },
  { made: [10, -100], why: "whichever comes first in the file" },
  { made: [-2 * LIFE, -100, 1], why: "with one that ended besides" },
])("one authority that holds is enough: $why", ({ made }) => {
  expect(invalidity(validity(leaf.certificate, made), nowMs)).toBeNull();
});

test("of several issuers with one key one that is valid now is enough", () => {
  const of = "the authority that issued n1.crt";
  const [valid, later] = [
    { beginsMs: nowMs - DAY_MS, endsMs: nowMs + DAY_MS },
    { beginsMs: nowMs + DAY_MS / 2, endsMs: nowMs + 9 * DAY_MS },
  ];
  expect(invalidity([{ of, none: of, spans: [later, valid] }], nowMs)).toBeNull();
  expect(endOf([{ of, none: of, spans: [later, valid] }], nowMs).atMs).toBe(later.endsMs);
  expect(invalidity([{ of, none: of, spans: [later] }], nowMs)?.code).toBe("CERTIFICATE_NOT_YET_VALID");
});

test("all ended: told is the last end", () => {
  const fault = invalidity(validity(leaf.certificate, [-2 * LIFE, -LIFE - 2]), nowMs);
  expect(fault?.code).toBe("CERTIFICATE_ENDED");
  expect(fault?.message).toContain(`every authority in ca.crt ended at ${dayOf(-2)}`);
});

test("all of the future: told is the first beginning", () => {
  const fault = invalidity(validity(leaf.certificate, [2, 1, 10]), nowMs);
  expect(fault?.code).toBe("CERTIFICATE_NOT_YET_VALID");
  expect(fault?.message).toContain("every authority in ca.crt is not valid before ");
  const begins = new Date(nowMs + DAY_MS - 3_600_000).toISOString().slice(0, 13);
  expect(fault?.message).toContain(`before ${begins}`);
});

test("one ended and one of the future: both are told, and neither as if it were all", () => {
  const fault = invalidity(validity(leaf.certificate, [10, -LIFE - 2]), nowMs);
  expect(fault).toMatchObject({ code: "CERTIFICATE_ENDED", parts: { exit: Exit.Authentication } });
  expect(fault?.message).toMatch(
    new RegExp(`^none of the authorities in ca.crt is valid now: one ended at ${dayOf(-2)}T.*, the next`),
  );
});

test("the issuer that ended is told of beside an authority that holds", async () => {
  const { certificate } = await issueBy(-LIFE - 2);
  const fault = invalidity(validity(certificate, [-LIFE - 2, -100]), nowMs);
  expect(fault?.message).toContain(`the authority that issued n1.crt ended at ${dayOf(-2)}`);
});

test("authorities end together when one takes over from another, and not across a gap", async () => {
  const { certificate } = leaf;
  const end = (made: readonly number[]) => endOf(validity(certificate, made), nowMs);
  expect(end([-LIFE + 3, 2])).toMatchObject({ of: "n1.crt" });
  const across = end([-LIFE + 3, 10]);
  expect(across.of).toBe("every authority in ca.crt");
  expect(new Date(across.atMs).toISOString()).toContain(dayOf(3));
});
