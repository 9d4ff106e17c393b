// Collects the evidence for `fleet doctor`, as far as it is available. With a node, a quorum or all coordinators down,
// it still reads the rest. It changes nothing.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { findLocalFleet } from "../files/local-fleet.ts";
import type { FleetReads } from "../fleet-reads.ts";
import { silentRunners } from "../rebind/waves/silent-runners.ts";
import { revokedMembers } from "../revoked-members.ts";
import type { Evidence, Gathered } from "./check.ts";
import { contextFacts } from "./context-facts.ts";
import { localFacts } from "./local-facts.ts";
import type { Tables } from "./tables.ts";

/** Shorter than an operator's patience: a fleet without a leader has no tables to show. */
const TABLES_DEADLINE_MS = 5_000;

export async function gather(client: FleetReads, env: NodeJS.ProcessEnv, nowMs: number): Promise<Evidence> {
  const { directory } = client.target;
  const [fleet, tables, local, contexts] = await Promise.all([
    tried(() => client.status()),
    tried(() => readTables(client, nowMs)),
    directory === undefined
      ? { missing: "the fleet is not on this machine" }
      : tried(() => readLocal(directory, nowMs)),
    tried(() => contextFacts(env)),
  ]);
  return { fleet, tables, local, contexts };
}

async function readTables(client: FleetReads, nowMs: number): Promise<Tables> {
  const options = { deadlineMs: TABLES_DEADLINE_MS };
  const [
    { shards },
    { clusters },
    { instructions },
    { providers },
    { quotas },
    { shortfalls },
    listedPlans,
    revoked,
  ] = await Promise.all([
    client.listShards(options),
    client.listClusters(options),
    client.listInstructions(options),
    client.listProviders(options),
    client.listQuotas(options),
    client.listShortfalls(options),
    client.listPlans(options),
    revokedMembers(client, options),
  ]);
  return {
    ...{ shards, clusters, instructions, providers, quotas, shortfalls, revoked, nowMs },
    silentRunners: silentRunners(listedPlans),
  };
}

async function readLocal(directory: string, nowMs: number) {
  const fleet = await findLocalFleet(directory);
  if (fleet === null)
    throw new OperatorError("FLEET_NOT_FOUND", {
      what: `${directory} has no fleet.yaml`,
      exit: Exit.NotFound,
    });
  return await localFacts(fleet, nowMs);
}

async function tried<Found>(read: () => Promise<Found>): Promise<Gathered<Found>> {
  try {
    return { found: await read() };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { missing: error.parts.what };
  }
}
