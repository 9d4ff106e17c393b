// Which chain proves which identity, by the keys that signed it: the maker of a certificate chooses its name.

import { createPrivateKey, KeyObject, webcrypto, X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { beforeAll, expect, test } from "vitest";
import { Authorities } from "../../../../src/core/wire/tls/authorities.ts";

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const DAY_MS = 86_400_000;
const NOW_MS = Date.now();

interface Made {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly subject: string;
}

interface Wanted {
  readonly subject: string;
  readonly isAuthority: boolean;
  /** Absent: itself. */
  readonly by?: Made;
  /** Absent: new ones. */
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly endsAtMs?: number;
}

async function make({ subject, isAuthority, by, keys: given, endsAtMs }: Wanted): Promise<Made> {
  const keys = given ?? (await webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"]));
  const exported = KeyObject.from((by?.keys ?? keys).privateKey).export({ type: "pkcs8", format: "pem" });
  const made = await x509.X509CertificateGenerator.create(
    {
      ...{ subject, issuer: by?.subject ?? subject, publicKey: keys.publicKey },
      signingKey: createPrivateKey(exported).toCryptoKey(CURVE, false, ["sign"]),
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      notBefore: new Date(NOW_MS - 9 * DAY_MS),
      notAfter: new Date(endsAtMs ?? NOW_MS + DAY_MS),
      extensions: [new x509.BasicConstraintsExtension(isAuthority, undefined, true)],
    },
    webcrypto,
  );
  return { certificate: new X509Certificate(made.toString("pem")), keys, subject };
}

let operators: Made;
let agents: Made;
let operator: Made;
beforeAll(async () => {
  operators = await make({ subject: "CN=authority", isAuthority: true });
  // Of the same name: an attacker may choose this name.
  agents = await make({ subject: "CN=authority", isAuthority: true });
  operator = await make({ subject: "CN=ops", isAuthority: false, by: operators });
});

function proves(identity: "admin" | "agent", chain: readonly Made[], nowMs = NOW_MS): boolean {
  const own = { operator: [operators.certificate], agent: [agents.certificate] };
  const authorities = new Authorities([], own, {});
  const who = identity === "admin" ? ({ kind: "admin" } as const) : ({ kind: "cluster", id: "c1" } as const);
  return authorities.prove(
    who,
    chain.map(({ certificate }) => certificate),
    nowMs,
  );
}

test("a certificate proves what its own authority may sign, and nothing else", async () => {
  const agent = await make({ subject: "CN=c1", isAuthority: false, by: agents });
  expect(proves("admin", [operator])).toBe(true);
  expect(proves("admin", [operator, operators])).toBe(true);
  expect(proves("agent", [operator])).toBe(false);
  expect(proves("agent", [agent])).toBe(true);
  expect(proves("admin", [agent, agents])).toBe(false);
  expect(proves("admin", [agent, operators])).toBe(false);
});

test("so does one of an authority below it", async () => {
  const below = await make({ subject: "CN=below", isAuthority: true, by: operators });
  const leaf = await make({ subject: "CN=leaf", isAuthority: false, by: below });
  expect(proves("admin", [leaf, below])).toBe(true);
  expect(proves("admin", [leaf])).toBe(false);
  expect(proves("agent", [leaf, below, operators])).toBe(false);
});

test("a holder's certificate is no authority, though OpenSSL finds another way to one for the same key", async () => {
  // The tenants' authority makes an authority of the operator's own key and name; both chains fit by signatures.
  const twin = await make({ subject: operator.subject, isAuthority: true, by: agents, keys: operator.keys });
  const forged = await make({ subject: "CN=forged", isAuthority: false, by: operator });
  expect(forged.certificate.verify(twin.certificate.publicKey)).toBe(true);
  expect(proves("admin", [forged, operator, operators])).toBe(false);
  expect(proves("admin", [forged, twin, agents])).toBe(false);
});

test("an authority that has ended proves nothing", async () => {
  const ended = await make({
    subject: "CN=below",
    isAuthority: true,
    by: operators,
    endsAtMs: NOW_MS - DAY_MS,
  });
  const leaf = await make({ subject: "CN=leaf", isAuthority: false, by: ended });
  expect(proves("admin", [leaf, ended])).toBe(false);
  expect(proves("admin", [operator], NOW_MS + 2 * DAY_MS)).toBe(false);
});

test("a kind without an authority of its own has that of the others", () => {
  const authorities = new Authorities([operators.certificate], { agent: [agents.certificate] }, {});
  expect(authorities.prove({ kind: "readonly" }, [operator.certificate], NOW_MS)).toBe(true);
  expect(authorities.prove({ kind: "cluster", id: "c1" }, [operator.certificate], NOW_MS)).toBe(false);
  expect(authorities.prove({ kind: "admin" }, [], NOW_MS)).toBe(false);
});
