// Deliberate bugs, by room. Each breaks one rule that the simulator, or a named test, must find broken.

import { COORDINATOR_MUTATIONS } from "./coordinator-mutations.ts";
import { FLEET_MUTATIONS } from "./fleet-mutations.ts";
import { HOSTING_MUTATIONS } from "./hosting-mutations.ts";
import { KEY_HISTORY_MUTATIONS } from "./key-history-mutations.ts";
import { KEY_LEASES_MUTATIONS } from "./key-leases-mutations.ts";
import { KEY_SNAPSHOTS_MUTATIONS } from "./key-snapshots-mutations.ts";
import { KEYS_MUTATIONS } from "./keys-mutations.ts";
import type { Mutation } from "./mutation.ts";
import { RAFT_MUTATIONS } from "./raft-mutations.ts";
import { SLICES_MUTATIONS } from "./slices-mutations.ts";
import { STORAGE_MUTATIONS } from "./storage-mutations.ts";
import { TRANSFER_MUTATIONS } from "./transfer-mutations.ts";

export const MUTATIONS: readonly Mutation[] = [
  ...RAFT_MUTATIONS,
  ...COORDINATOR_MUTATIONS,
  ...FLEET_MUTATIONS,
  ...HOSTING_MUTATIONS,
  ...KEYS_MUTATIONS,
  ...KEY_HISTORY_MUTATIONS,
  ...KEY_LEASES_MUTATIONS,
  ...KEY_SNAPSHOTS_MUTATIONS,
  ...SLICES_MUTATIONS,
  ...STORAGE_MUTATIONS,
  ...TRANSFER_MUTATIONS,
];
