// The certificate authority of a local fleet and the certificates it signs, all in memory as PEM text. Every
// certificate has exactly one URI name, which is its role (fleet://admin, fleet://replica/1, …). It works for
// clients and servers, because replicas and shards are both. Absent: files (init.ts writes them), and any
// authority that is not our own.
import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import { AUTHORITY_KINDS, type AuthorityKind } from "../../core/wire/tls/authorities.ts";

/** A certificate and its private key (PKCS#8), both PEM. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** The role that the holder proves, such as `fleet://replica/1`. */
  readonly uri: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly days: number;
  /**
   * A renewal is valid from now on, so that a revocation of all earlier ones does not affect it (ADR-0026).
   * By default a certificate is backdated.
   */
  readonly beginsNow?: boolean;
}

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_700;
// A peer with a slow clock must not refuse a new certificate.
const BACKDATE_MS = 3_600_000;

/** Makes a new self-signed authority named `name`. */
export async function createAuthority(name: string): Promise<PemPair> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [name] }],
      keys,
      signingAlgorithm: SIGNATURE,
      ...validity(AUTHORITY_DAYS, BACKDATE_MS),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  return { certificate: pemText(certificate.toString("pem")), key: exportKey(keys.privateKey) };
}

export interface KindAuthority {
  readonly kind: AuthorityKind;
  readonly pair: PemPair;
}

/** One for each kind. They differ in name; otherwise OpenSSL would confuse them. */
export function createAuthorities(name: string): Promise<KindAuthority[]> {
  return Promise.all(
    AUTHORITY_KINDS.map(async (kind) => ({ kind, pair: await createAuthority(`${name} ${kind}`) })),
  );
}

/** Operators dial only coordinators, and no certificate that tenants sign must pose as one to them. */
export function trustOfOperators(made: readonly KindAuthority[]): string {
  const trusted = made.filter(({ kind }) => kind === "peer" || kind === "operator");
  return trusted.map(({ pair }) => pair.certificate).join("");
}

/** Makes a key and a certificate for it, signed by `authority`. */
export async function issueCertificate(authority: PemPair, request: CertificateRequest): Promise<PemPair> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = createPrivateKey(authority.key).toCryptoKey(CURVE, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: [{ CN: [request.commonName] }],
      issuer: issuer.subject,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: SIGNATURE,
      ...validity(request.days, request.beginsNow === true ? 0 : BACKDATE_MS),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.serverAuth,
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        new x509.SubjectAlternativeNameExtension(alternativeNames(request)),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ],
    },
    webcrypto,
  );
  return { certificate: pemText(certificate.toString("pem")), key: exportKey(keys.privateKey) };
}

/**
 * The library is slow to load, and only code that makes certificates needs it; the reflection shim must be
 * loaded first.
 */
async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

function alternativeNames(request: CertificateRequest): { type: "url" | "dns" | "ip"; value: string }[] {
  return [
    { type: "url", value: request.uri },
    ...(request.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
}

function validity(days: number, backdateMs: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - backdateMs), notAfter: new Date(now + days * DAY_MS) };
}

function exportKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}

function pemText(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
