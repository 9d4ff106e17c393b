// The one client that tests of commands give them in place of a fleet's: each call is a spy. A file mocks the two
// modules with `fleetClient` and `resolveTarget`; `vi.mock` must stand in the file itself.

import { vi } from "vitest";
import type { ChangeHook } from "../../../src/client/context/target.ts";

export const client = {
  target: {
    name: "local",
    endpoints: [{ address: "127.0.0.1:7001" }],
    readOnly: false,
    beforeChange: undefined as ChangeHook | undefined,
  },
  status: vi.fn(),
  watch: vi.fn(),
  submit: vi.fn(),
  tryOut: vi.fn(),
  listAudit: vi.fn(),
  listClusters: vi.fn(),
  listDomains: vi.fn(),
  listInstructions: vi.fn(),
  listMembers: vi.fn(),
  listQuotas: vi.fn(),
  listSessions: vi.fn(),
  listShards: vi.fn(),
  close: vi.fn(),
};

/** Connects to `client`, unless a test says otherwise. */
export const connect = vi.fn((..._: unknown[]) => client);

/** src/client/fleet-client.ts */
export const fleetClient = { FleetClient: { connect } };

/** src/client/context/resolve-target.ts */
export const resolving = { resolveTarget: async () => ({ name: "local" }) };
