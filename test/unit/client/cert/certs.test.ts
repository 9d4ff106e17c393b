// Certificates are checked by Node's own X.509 reader, not by the library that made them.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { connect, createServer } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { createAuthority, issueCertificate, type PemPair } from "../../../../src/client/cert/certs.ts";

describe("certificates of a local fleet", () => {
  let authority: PemPair;
  let node: PemPair;

  beforeAll(async () => {
    authority = await createAuthority("local fleet authority");
    node = await issueCertificate(authority, {
      commonName: "n1",
      uri: "fleet://replica/1",
      dnsNames: ["localhost", "n1"],
      ipAddresses: ["127.0.0.1", "::1"],
      days: 30,
    });
  });

  test("an authority may sign certificates, but no further authorities", () => {
    const certificate = new X509Certificate(authority.certificate);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subject).toBe("CN=local fleet authority");
  });

  test("a certificate chains to its authority and not to another of the same name", async () => {
    const certificate = new X509Certificate(node.certificate);
    const other = new X509Certificate((await createAuthority("local fleet authority")).certificate);
    const issuer = new X509Certificate(authority.certificate);
    expect(certificate.checkIssued(issuer)).toBe(true);
    expect(certificate.verify(issuer.publicKey)).toBe(true);
    expect(certificate.verify(other.publicKey)).toBe(false);
  });

  test("it carries exactly one URI name, which is its role, beside the names that clients dial", () => {
    const names = new X509Certificate(node.certificate).subjectAltName?.split(", ") ?? [];
    expect(names.filter((name) => name.startsWith("URI:"))).toEqual(["URI:fleet://replica/1"]);
    expect(new X509Certificate(node.certificate).checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(new X509Certificate(node.certificate).checkHost("localhost")).toBe("localhost");
  });

  test("it may serve and dial, may not sign, and its key is its own", () => {
    const certificate = new X509Certificate(node.certificate);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(certificate.checkPrivateKey(createPrivateKey(node.key))).toBe(true);
    expect(node.key).toContain("BEGIN PRIVATE KEY");
  });

  test("it is valid now, for the days asked for, and never longer than its authority", () => {
    const certificate = new X509Certificate(node.certificate);
    const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 86_400_000;
    expect(days).toBeGreaterThan(30);
    expect(days).toBeLessThan(31);
    expect(certificate.validToDate < new X509Certificate(authority.certificate).validToDate).toBe(true);
  });

  test("two holders complete a mutual TLS handshake", async () => {
    const admin = await issueCertificate(authority, { commonName: "admin", uri: "fleet://admin", days: 30 });
    const identity = (pair: PemPair) => ({
      ca: authority.certificate,
      cert: pair.certificate,
      key: pair.key,
      minVersion: "TLSv1.3" as const,
    });
    const server = createServer({ ...identity(node), requestCert: true, rejectUnauthorized: true });
    const seen = new Promise<string | undefined>((resolve, reject) => {
      server.once("secureConnection", (socket) => {
        resolve(socket.getPeerX509Certificate()?.subjectAltName);
        socket.end();
      });
      server.once("tlsClientError", reject);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const socket = connect({ host: "127.0.0.1", port, ...identity(admin) });
    socket.resume();
    try {
      expect(await seen).toBe("URI:fleet://admin");
    } finally {
      socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
