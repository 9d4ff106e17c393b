// What hostile callers had of a fleet before they turned hostile: roles, and a number that is no longer a member's. And what
// they are after: a key of another.

import { ADMIN, holderTls } from "../../src/client/files/layout.ts";
import type { LocalFleet } from "../../src/client/files/local-fleet.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { EtcdClients } from "../../test/integration/etcd-clients.ts";
import type { TestFleet } from "../../test/integration/local-fleet.ts";
import { putVictims, RULES } from "../../test/security/prefix-attacks.ts";
import { REMOVED_NUMBER } from "./holders.ts";

const WAIT_MS = 60_000;
const FORMER = { nodeId: REMOVED_NUMBER, name: "former", address: "127.0.0.1:1", learner: true };
const DRAINS_ONE = [{ verbs: ["drain"], tables: ["shard"], names: ["evil"] }];

/** Roles of the operator and of the client; a member that was added and removed; others' keys. */
export async function prepare(home: TestFleet, fleet: LocalFleet, client: FleetClient): Promise<void> {
  await home.untilStatus(client, ({ nodes }) =>
    nodes.every(({ status }) => (status?.clusterVersion ?? 0) >= KNOWN_VERSION),
  );
  const write = (kind: NonNullable<Operation["kind"]>) => client.submit({ kind }, { deadlineMs: WAIT_MS });
  await write({ $case: "setRole", value: { name: "keys", rules: RULES } });
  await write({ $case: "grantRole", value: { operator: "client/evil", role: "keys" } });
  await write({ $case: "setRole", value: { name: "drains", rules: DRAINS_ONE } });
  for (const operator of ["evil", "slow"]) {
    await write({ $case: "grantRole", value: { operator, role: "drains" } });
  }
  const change = { expectedConfigurationIndex: undefined, reason: "", dryRun: false };
  await client.changeMembership({ ...change, change: { $case: "add", value: FORMER } }, WAIT_MS);
  await client.changeMembership(
    { ...change, change: { $case: "remove", value: { name: FORMER.name } } },
    WAIT_MS,
  );
  const address = present(fleet.processes[0]?.etcd, "a coordinator serves etcd's API");
  const tls = loadTls(holderTls(fleet.directory, ADMIN));
  const clients = new EtcdClients(address, channelCredentials(tls, address));
  await putVictims(clients);
  clients.close();
}
