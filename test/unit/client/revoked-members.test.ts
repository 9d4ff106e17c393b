// A member whose certificate the fleet revoked is named by `fleet doctor`, and by `fleet member add --wait` when it gives
// up. The member here is a TLS server that presents such a certificate.

import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../src/client/cert/certs.ts";
import type { Target } from "../../../src/client/context/target.ts";
import type { FleetClient } from "../../../src/client/fleet-client.ts";
import { waitForMember } from "../../../src/client/member/wait-member.ts";
import { revokedMembers } from "../../../src/client/revoked-members.ts";
import { Revocation } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { MemberView } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { MemberRole } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { leafOf, loadTls, type TlsFiles } from "../../../src/core/wire/tls/tls.ts";
import { makeFolder, removeFolder } from "../../make-folder.ts";

const IDENTITY = "fleet://replica/4";
const NOW_MS = Date.now();

let folder: string;
let server: Server;
let files: TlsFiles;
let serial: string;
let address: string;
let dialed = 0;

beforeAll(async () => {
  folder = await makeFolder();
  files = { ca: join(folder, "ca.crt"), cert: join(folder, "n4.crt"), key: join(folder, "n4.key") };
  const authority = await createAuthority("test");
  const about = { commonName: "n4", uri: IDENTITY, ipAddresses: ["127.0.0.1"], days: 1 };
  const { certificate, key } = await issueCertificate(authority, about);
  await writeFile(files.ca, authority.certificate);
  await writeFile(files.cert, certificate);
  await writeFile(files.key, key, { mode: 0o600 });
  serial = leafOf(loadTls(files)).serialNumber.replace(/^0+/, "");
  server = createServer({ cert: certificate, key, ALPNProtocols: ["h2"] }, (socket) => {
    dialed += 1;
    socket.on("error", () => undefined).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  address = `127.0.0.1:${typeof bound === "object" ? bound?.port : 0}`;
});
afterAll(async () => {
  server.close();
  await removeFolder(folder);
});

/** A fleet with this one member, which revokes these. */
function fleetOf(...revocations: readonly Partial<Revocation>[]): FleetClient {
  const target: Target = { name: "test", origin: "test", settings: [], endpoints: [], tls: files };
  const member = MemberView.fromPartial({
    member: { name: "n4", address },
    role: MemberRole.LEARNER,
    lag: 9,
  });
  return {
    target,
    listMembers: async () => ({ members: [member] }),
    listRevocations: async () => ({ revocations: revocations.map((row) => Revocation.fromPartial(row)) }),
  } as unknown as FleetClient;
}

test.each([
  { rows: () => [{ subject: serial }], found: 1, why: "its serial number is revoked" },
  {
    rows: () => [{ subject: IDENTITY, issuedBeforeMs: NOW_MS }],
    found: 1,
    why: "its identity is, until now",
  },
  { rows: () => [{ subject: IDENTITY, issuedBeforeMs: 1 }], found: 0, why: "only older ones are revoked" },
  { rows: () => [{ subject: "fleet://replica/5", issuedBeforeMs: NOW_MS }], found: 0, why: "another is" },
])("$found of one member: $why", async ({ rows, found }) => {
  const expected = [{ name: "n4", serial }].slice(0, found);
  expect(await revokedMembers(fleetOf(...rows()), {})).toEqual(expected);
});

test("a member that does not answer is not judged", async () => {
  const client = fleetOf({ subject: serial });
  const member = MemberView.fromPartial({ member: { name: "n4", address: "127.0.0.1:1" } });
  const listMembers = async () => ({ members: [member] });
  expect(await revokedMembers(Object.assign(client, { listMembers }), {})).toEqual([]);
});

test("while nothing is revoked, no member is dialed", async () => {
  const before = dialed;
  expect(await revokedMembers(fleetOf(), {})).toEqual([]);
  expect(dialed).toBe(before);
});

test("the end of a wait for such a member says so, and how to cure it", async () => {
  const waiting = waitForMember(fleetOf({ subject: serial }), "n4", 0, () => undefined);
  await expect(waiting).rejects.toMatchObject({
    code: "MEMBER_NOT_READY",
    parts: {
      why: expect.stringContaining("its certificate is revoked"),
      next: expect.stringContaining("fleet cert rotate n4"),
    },
  });
});
