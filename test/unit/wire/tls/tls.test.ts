// Which TLS files are refused, and that plaintext stays on loopback.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../../src/client/cert/certs.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { assertLoopback, channelCredentials } from "../../../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../../../src/core/wire/tls/tls.ts";
import { makeFolder, removeFolder } from "../../../make-folder.ts";

let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await makeFolder();
  const [ours, theirs] = [await createAuthority("ours"), await createAuthority("theirs")];
  const request = { commonName: "admin", uri: "fleet://admin", days: 1 };
  const [admin, stranger] = [await issueCertificate(ours, request), await issueCertificate(theirs, request)];
  await writeFile(at("ca.crt"), ours.certificate);
  await writeFile(at("admin.crt"), admin.certificate);
  await writeFile(at("admin.key"), admin.key);
  await writeFile(at("stranger.crt"), stranger.certificate);
  await writeFile(at("stranger.key"), stranger.key);
  await writeFile(at("empty"), "");
  await writeFile(at("broken"), admin.certificate.replace(/\n.{20}/, "\nAAAA"));
});
afterAll(() => removeFolder(folder));

const files = { ca: "ca.crt", cert: "admin.crt", key: "admin.key" };
const located = (names: typeof files) => ({ ca: at(names.ca), cert: at(names.cert), key: at(names.key) });

test("files that belong together are taken", () => {
  expect(loadTls(located(files)).cert.toString()).toContain("BEGIN CERTIFICATE");
});

test.each([
  { change: { key: "absent" }, what: "absent cannot be read", why: "no such file" },
  { change: { ca: "empty" }, what: "empty holds no certificate", why: "an empty authority" },
  { change: { cert: "empty" }, what: "empty holds no certificate", why: "an empty certificate" },
  { change: { cert: "broken" }, what: "broken is not a PEM certificate", why: "damaged in transport" },
  { change: { key: "empty" }, what: "empty is not a PEM private key", why: "an empty key" },
  { change: { key: "stranger.key" }, what: "stranger.key is not the private key of", why: "another's key" },
  {
    change: { cert: "stranger.crt", key: "stranger.key" },
    what: "stranger.crt was not issued by the authority in",
    why: "another fleet's certificate",
  },
])("refused, naming the file: $why", ({ change, what }) => {
  const load = () => loadTls(located({ ...files, ...change }));
  expect(load).toThrow(what);
  expect(load).toThrow(
    expect.objectContaining({ parts: expect.objectContaining({ exit: Exit.Authentication }) }),
  );
});

test.each(["127.0.0.1:1", "127.8.0.1:1", "localhost:1", "[::1]:1"])(
  "plaintext is possible on %s",
  (address) => {
    expect(() => assertLoopback(address)).not.toThrow();
    expect(() => channelCredentials("insecure-loopback", address)).not.toThrow();
  },
);

test.each(["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost.example.com:1", "127.0.0.1.example.com:1"])(
  "plaintext is refused on %s",
  (address) => {
    expect(() => assertLoopback(address)).toThrow("not a loopback address");
    expect(() => channelCredentials("insecure-loopback", address)).toThrow("not a loopback address");
  },
);
