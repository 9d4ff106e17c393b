// Certificates for tests in a folder of their own, those included that no fleet would issue: without an identity, or
// with two.

import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import "reflect-metadata";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { createAuthority, type PemPair } from "../../src/client/cert/certs.ts";
import type { TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const DAY_MS = 86_400_000;

export class TestAuthority {
  readonly folder: string;
  pair: PemPair;

  private constructor(folder: string, pair: PemPair) {
    this.folder = folder;
    this.pair = pair;
  }

  /** `name`: two authorities that one process trusts need different names. */
  static async make(name = "test"): Promise<TestAuthority> {
    const authority = new TestAuthority(await makeFolder(), await createAuthority(name));
    await authority.trust([authority.pair]);
    return authority;
  }

  /** Replaces the authority file: what each process here trusts. */
  async trust(pairs: readonly PemPair[]): Promise<void> {
    await writeFile(join(this.folder, "ca.crt"), pairs.map((pair) => pair.certificate).join(""));
  }

  files(name: string): TlsFiles {
    const at = (file: string) => join(this.folder, file);
    return { ca: at("ca.crt"), cert: at(`${name}.crt`), key: at(`${name}.key`) };
  }

  /**
   * A certificate with these URIs, or without a single alternative name. It replaces any that `name` had. Returns its
   * serial number, as Node shows it.
   */
  async issue(
    name: string,
    uris: readonly string[],
    hasNames = true,
    notBefore = new Date(Date.now() - DAY_MS),
    /** In hex; by default a random one. */
    serialNumber: string | undefined = undefined,
  ): Promise<string> {
    const issuer = new x509.X509Certificate(this.pair.certificate);
    const keys = await webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
    const names = [
      ...uris.map((value) => ({ type: "url" as const, value })),
      { type: "ip" as const, value: "127.0.0.1" },
    ];
    const extensions = hasNames ? [new x509.SubjectAlternativeNameExtension(names)] : [];
    const certificate = await x509.X509CertificateGenerator.create(
      {
        subject: `CN=${name}`,
        issuer: issuer.subject,
        publicKey: keys.publicKey,
        signingKey: createPrivateKey(this.pair.key).toCryptoKey(CURVE, false, ["sign"]),
        signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
        notBefore,
        notAfter: new Date(Date.now() + 30 * DAY_MS),
        extensions,
        ...(serialNumber === undefined ? {} : { serialNumber }),
      },
      webcrypto,
    );
    const files = this.files(name);
    const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
    await writeFile(files.cert, `${certificate.toString("pem")}\n`);
    await writeFile(files.key, key);
    return certificate.serialNumber.toUpperCase();
  }

  remove(): Promise<void> {
    return removeFolder(this.folder);
  }
}
