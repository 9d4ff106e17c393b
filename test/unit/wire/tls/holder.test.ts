// A process starts with a certificate of its own, and with no other.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../../src/client/cert/certs.ts";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { requireHolder } from "../../../../src/core/wire/tls/holder.ts";
import type { TlsFiles } from "../../../../src/core/wire/tls/tls.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

let folder = "";
beforeEach(async () => {
  folder = await temporaryFolder();
});

async function certificateOf(uri: string): Promise<TlsFiles> {
  const authority = await createAuthority("ours");
  const { certificate, key } = await issueCertificate(authority, { commonName: "x", uri, days: 1 });
  const files = { ca: join(folder, "ca.crt"), cert: join(folder, "x.crt"), key: join(folder, "x.key") };
  await writeFile(files.ca, authority.certificate);
  await writeFile(files.cert, certificate);
  await writeFile(files.key, key);
  return files;
}

const five = { kind: "replica", id: nodeId(5) } as const;

test("its own is taken, and none on loopback", async () => {
  requireHolder(await certificateOf("fleet://replica/5"), five, "n2");
  requireHolder("insecure-loopback", five, "n2");
});

test.each([
  { uri: "fleet://replica/2", shown: "fleet://replica/2", why: "a node that came back has a new number" },
  { uri: "fleet://admin", shown: "fleet://admin", why: "an operator is no replica" },
  { uri: "https://example.org", shown: "no identity of a fleet", why: "it names no role" },
])("that of $shown is refused: $why", async ({ uri, shown }) => {
  const files = await certificateOf(uri);
  expect(() => requireHolder(files, five, "n2")).toThrow(
    expect.objectContaining({
      code: "CERTIFICATE_OF_ANOTHER",
      parts: expect.objectContaining({
        what: `${files.cert} is a certificate of ${shown}, but this process is fleet://replica/5`,
        next: "issue its own: fleet cert issue --role replica --name n2 --id 5 --host HOST --out DIR",
      }),
    }),
  );
});
