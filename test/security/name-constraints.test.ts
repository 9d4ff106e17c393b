// A fleet trusts its own authority, and one of tenants that X.509 limits to names of clusters (RFC 5280, 4.2.1.10). What that
// one signs for another kind is refused in the handshake. So is what an agent signs with its own certificate, and what
// an authority signs that the fleet's own would have below it.

import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import "reflect-metadata";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PemPair } from "../../src/client/cert/certs.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { type RunningShard, startShard } from "../../src/core/shard/shard-server.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import { ShardClient } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { TestAuthority } from "../integration/test-authority.ts";

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const DAY_MS = 86_400_000;

/** NameConstraints: permitted are URIs whose host is this. */
function onlyUrisOf(host: string): x509.Extension {
  const uri = Buffer.concat([Buffer.from([0x86, host.length]), Buffer.from(host)]);
  const subtree = Buffer.concat([Buffer.from([0x30, uri.length]), uri]);
  const permitted = Buffer.concat([Buffer.from([0xa0, subtree.length]), subtree]);
  return new x509.Extension(
    "2.5.29.30",
    true,
    Buffer.concat([Buffer.from([0x30, permitted.length]), permitted]),
  );
}

/** A certificate to sign others with, by `issuer` or by itself. */
async function signer(name: string, extensions: x509.Extension[], issuer?: PemPair): Promise<PemPair> {
  const subject = `CN=${name}`;
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      ...{ subject, publicKey: keys.publicKey, extensions },
      issuer: issuer === undefined ? subject : new x509.X509Certificate(issuer.certificate).subject,
      signingKey:
        issuer === undefined
          ? keys.privateKey
          : createPrivateKey(issuer.key).toCryptoKey(CURVE, false, ["sign"]),
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
    },
    webcrypto,
  );
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
  return { certificate: `${certificate.toString("pem")}\n`, key: String(key) };
}

let root: TestAuthority;
let shard: RunningShard;

/** A certificate with this URI that `by` signs, and the chain in its file. */
async function issue(name: string, by: PemPair, uri: string): Promise<void> {
  const own = root.pair;
  root.pair = by;
  await root.issue(name, [uri]);
  root.pair = own;
  const { cert } = root.files(name);
  await writeFile(cert, `${await readFile(cert, "utf8")}${by.certificate}`);
}

beforeAll(async () => {
  root = await TestAuthority.make("fleet");
  await root.issue("shard", ["fleet://shard/s1"]);
  const isAuthority = new x509.BasicConstraintsExtension(true, 0, true);
  const tenants = await signer("tenants", [isAuthority, onlyUrisOf("cluster")]);
  const own = root.pair;
  await root.trust([own, tenants]);
  for (const uri of ["cluster/c1", "admin", "readonly", "replica/1", "shard/s2", "operator/o", "client/w"])
    await issue(`tenants-${uri.replace("/", "-")}`, tenants, `fleet://${uri}`);
  // An agent has a key, and may try to be an authority with it.
  const name = new x509.SubjectAlternativeNameExtension([{ type: "url", value: "fleet://cluster/c1" }]);
  await issue("agent-admin", await signer("agent", [name], own), "fleet://admin");
  await issue("below-admin", await signer("below", [isAuthority], own), "fleet://admin");
  shard = await startShard({
    ...{ shardId: "s1", listen: "127.0.0.1:0", dataDirectory: join(root.folder, "s1"), version: "test" },
    ...{ coordinators: [], tls: root.files("shard"), log: silentLog },
  });
});
afterAll(async () => {
  await shard.close();
  await root.remove();
});

async function ask(name: string) {
  const { cert, key } = root.files(name);
  // The caller's own check of its files is not what protects a port.
  const own = { cert: await readFile(cert), key: await readFile(key) };
  const tls = { ...loadTls(root.files("shard")), ...own };
  const client = new ShardClient(shard.address, channelCredentials(tls, shard.address), channelOptions);
  try {
    const limits = { endMs: performance.now() + 20_000 };
    return await unary(client.getShardStatus.bind(client), {}, limits).then(() => "answered", readRpcError);
  } finally {
    client.close();
  }
}

test("an agent of the tenants' authority is known as what it is", async () => {
  // Only readers may ask that.
  expect(await ask("tenants-cluster-c1")).toMatchObject({ reason: "PERMISSION_DENIED" });
});

test.each([
  "tenants-admin",
  "tenants-readonly",
  "tenants-replica-1",
  "tenants-shard-s2",
  "tenants-operator-o",
  "tenants-client-w",
  "agent-admin",
  "below-admin",
])("%s gets no further than the handshake", async (name) => {
  const answer = await ask(name);
  expect(answer).toMatchObject({
    reason: null,
    message: expect.stringMatching(/connection|alert|ECONNRESET|dropped/i),
  });
});
