// A replica's command line names only members that are gone. The leader has the replica in its table and dials it. The
// replica answers, since the opener of a stream sends its id and address (ADR-0004).

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../src/client/cert/certs.ts";
import { FleetClient } from "../../src/client/fleet-client.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { MemberRole } from "../../src/core/wire/gen/fleet/v1/views.ts";
import type { TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { plainSettings } from "../plain-settings.ts";
import { reservePorts } from "../reserved-ports.ts";
import { PATIENT } from "./local-fleet.ts";

const HOLDERS = { n1: "fleet://replica/1", n2: "fleet://replica/2", admin: "fleet://admin" } as const;

let home: string;
const running: RunningCoordinator[] = [];

beforeAll(async () => {
  home = await makeFolder();
  const authority = await createAuthority("test");
  await mkdir(join(home, "certs"));
  await writeFile(join(home, "certs", "ca.crt"), authority.certificate);
  for (const [holder, uri] of Object.entries(HOLDERS)) {
    const request = { commonName: holder, uri, ipAddresses: ["127.0.0.1"], days: 30 };
    const { certificate, key } = await issueCertificate(authority, request);
    await writeFile(tlsOf(holder).cert, certificate);
    await writeFile(tlsOf(holder).key, key);
  }
});
afterAll(async () => {
  for (const coordinator of running) await coordinator.close();
  await removeFolder(home);
});

function tlsOf(holder: string): TlsFiles {
  const at = (file: string) => join(home, "certs", file);
  return { ca: at("ca.crt"), cert: at(`${holder}.crt`), key: at(`${holder}.key`) };
}

async function start(self: Peer, others: readonly Peer[], bootstrap: boolean): Promise<void> {
  const ignore = () => undefined;
  const coordinator = await startCoordinator({
    ...plainSettings,
    ...{ self: self.id, clusterId: "test", clusterName: "test", version: "test", bootstrap, groups: 0 },
    replicas: [self, ...others],
    listen: self.address,
    dataDirectory: join(home, self.name),
    tls: tlsOf(self.name),
    log: { info: ignore, warn: ignore, error: ignore },
    onFatal: (error) => {
      throw error;
    },
  });
  running.push(coordinator);
}

test("a newcomer that was told only of nodes that are gone becomes a voter", async () => {
  const [first = "", second = "", unused = ""] = await reservePorts(home, 3);
  const n1 = { id: nodeId(1), name: "n1", address: first };
  const n2 = { id: nodeId(2), name: "n2", address: second };
  await start(n1, [], true);
  await start(n2, [{ id: nodeId(9), name: "n9", address: unused }], false);

  const endpoints = [{ nodeId: 1, name: "n1", address: first }];
  const target = { name: "test", origin: "test", settings: [], endpoints, tls: tlsOf("admin") };
  const client = FleetClient.connect(target, PATIENT);
  const add = { $case: "add", value: { nodeId: 2, name: "n2", address: second, learner: false } } as const;
  const order = { expectedConfigurationIndex: undefined, reason: "", dryRun: false };
  await client.changeMembership({ ...order, change: add }, 20_000);
  const roleOf = async () => {
    const { members } = await client.listMembers({ deadlineMs: 20_000 });
    return members.find(({ member }) => member?.name === "n2")?.role;
  };
  await expect.poll(roleOf).toBe(MemberRole.VOTER);
  client.close();
});
