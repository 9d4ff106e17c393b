// Certificates that no fleet would issue, byte by byte: names of any type and content, any validity, any issuer, any use.

import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { PemPair } from "../../src/client/cert/certs.ts";

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const DAY_MS = 86_400_000;

/** Tags of GeneralName (RFC 5280 §4.2.1.6). */
const TAGS = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;
const SUBJECT_ALT_NAME = "2.5.29.17";

const USES = {
  servers: x509.ExtendedKeyUsage.serverAuth,
  clients: x509.ExtendedKeyUsage.clientAuth,
  code: x509.ExtendedKeyUsage.codeSigning,
} as const;

/** Each is what stands in the certificate, whatever its type allows. */
export type AltName = readonly [type: keyof typeof TAGS, value: string];

export interface OddCertificate {
  readonly commonName?: string;
  /** An IP address of this machine stands behind them, unless there are none at all (null). */
  readonly names: readonly AltName[] | null;
  /** From when to when, in days from now. */
  readonly days?: readonly [from: number, to: number];
  /** What alone it is for; absent = it does not say. */
  readonly use?: keyof typeof USES;
  /** What it says of itself: an authority, or none. */
  readonly isAuthority?: boolean;
}

/** A key, and a certificate for it that `issuer` signed. */
export async function oddCertificate(issuer: PemPair, odd: OddCertificate): Promise<PemPair> {
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const [from, to] = odd.days ?? [-1, 30];
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: `CN=${odd.commonName ?? "odd"}`,
      issuer: new x509.X509Certificate(issuer.certificate).subject,
      publicKey: keys.publicKey,
      signingKey: createPrivateKey(issuer.key).toCryptoKey(CURVE, false, ["sign"]),
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      notBefore: new Date(Date.now() + from * DAY_MS),
      notAfter: new Date(Date.now() + to * DAY_MS),
      extensions: extensionsOf(odd),
    },
    webcrypto,
  );
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
  return { certificate: `${certificate.toString("pem")}\n`, key };
}

function extensionsOf({ names, use, isAuthority = false }: OddCertificate): x509.Extension[] {
  const loopback = der(TAGS.ip, Buffer.of(127, 0, 0, 1));
  const all = (names ?? []).map(([type, value]) => der(TAGS[type], Buffer.from(value)));
  return [
    new x509.BasicConstraintsExtension(isAuthority, undefined, true),
    ...(isAuthority ? [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)] : []),
    ...(use === undefined ? [] : [new x509.ExtendedKeyUsageExtension([USES[use]])]),
    ...(names === null
      ? []
      : [new x509.Extension(SUBJECT_ALT_NAME, false, der(0x30, Buffer.concat([...all, loopback])))]),
  ];
}

function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
