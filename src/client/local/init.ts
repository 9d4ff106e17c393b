// `fleet init` and `fleet up`: a local fleet is made once and started as often as wanted. A folder with a
// fleet.yaml is never bootstrapped again, whatever the options are. Absent: making the fleet (new-fleet.ts),
// and what a leader is (deps.waitReady knows).

import { Exit, OperatorError, usage } from "../../core/base/errors.ts";
import { isName } from "../../core/base/ids.ts";
import { assertLoopback } from "../../core/wire/tls/credentials.ts";
import { registerContext, requireContexts } from "../context/register-context.ts";
import type { NodeEntry } from "../files/fleet-file.ts";
import { inspectFolder, sweepStagingFolders } from "../files/fleet-folder.ts";
import { badFleetName } from "../files/fleet-name.ts";
import { lockPath } from "../files/layout.ts";
import { type LocalFleet, loadLocalFleet } from "../files/local-fleet.ts";
import { portsOf } from "../files/process-plan.ts";
import { withLock } from "../processes/lock.ts";
import { ownNamed } from "../processes/port-owners.ts";
import type { LocalDeps } from "./deps.ts";
import { endFounding } from "./founding.ts";
import type { InitOptions } from "./init-options.ts";
import { makeFleet, type NewFleet } from "./new-fleet.ts";
import { noteDifferences } from "./note-differences.ts";
import { refuseHung } from "./refuse-hung.ts";
import { refuseUnreachable } from "./refuse-unreachable.ts";
import { restartCutOff } from "./restart-cut-off.ts";
import { startFleet } from "./start-fleet.ts";
import { waitUntilAllServe, waitUntilReady } from "./wait-ready.ts";

const DEFAULTS = { name: "local", nodes: 3, shards: 0, clusters: 0, profile: "lan" } as const;

type InitOutcome = "created" | "started" | "already-running";

/** The result of a start. Times are milliseconds since the command began. */
export interface InitReport {
  readonly outcome: InitOutcome;
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  readonly nodes: readonly NodeEntry[];
  /** Those of fleet.yaml that the fleet has not removed. */
  readonly shards: number;
  /** Whose agents run here. */
  readonly clusters: number;
  /** Whether all coordinators run in one process. */
  readonly inProcess: boolean;
  /** Name of the node that leads. */
  readonly leader: string;
  /** The fleet's name in the user's contexts. */
  readonly context: string;
  readonly firstWriteMs: number;
  readonly totalMs: number;
  /** Facts for the operator although nothing failed. */
  readonly notes: readonly string[];
}

/** A fleet whose processes were started, or found running, with the notes for the operator. */
interface Begun {
  readonly outcome: InitOutcome;
  readonly fleet: LocalFleet;
  readonly notes: readonly string[];
}

/**
 * Makes a local fleet or starts the existing one, and waits for a leader and a committed write. Throws
 * OperatorError: CONTEXTS_NOT_WRITABLE, FOREIGN_DIRECTORY, FLEET_INCOMPLETE, CONFIG_INVALID, PORT_TAKEN, FLEET_BUSY, NODES_EXITED,
 * NODES_UNREACHABLE, and those of `deps.waitReady`. The fleet's files are whole after each of them.
 */
export async function initFleet(options: InitOptions, deps: LocalDeps): Promise<InitReport> {
  const begunAt = deps.clock.now();
  refuseUnusable(options);
  await requireContexts(deps.contextsFile);
  return finish(await makeOrResume(options, deps), begunAt, deps);
}

/**
 * Starts the stopped processes of the fleet in `directory`. Throws FLEET_NOT_FOUND, and the errors of
 * `initFleet`.
 */
export async function upFleet(directory: string, deps: LocalDeps): Promise<InitReport> {
  const begunAt = deps.clock.now();
  await requireContexts(deps.contextsFile);
  return finish(await resume(await loadLocalFleet(directory), [], deps), begunAt, deps);
}

async function makeOrResume(options: InitOptions, deps: LocalDeps): Promise<Begun> {
  const found = await inspectFolder(options.directory);
  if (found.kind === "fleet") return resume(found.fleet, noteDifferences(options, found.fleet), deps);
  const swept = await sweepStagingFolders(found.directory, deps.processes);
  const made = await makeFleet(found.directory, wantedFleet(options), deps);
  switch (made.kind) {
    case "made":
      return { outcome: "created", fleet: made.fleet, notes: [...swept, ...made.started.notes] };
    case "overtaken": {
      const now = await inspectFolder(found.directory);
      if (now.kind === "free") throw cameAndWent(found.directory);
      const overtaken = "another fleet init made this fleet at the same time; this one made nothing";
      return resume(now.fleet, [...swept, overtaken, ...noteDifferences(options, now.fleet)], deps);
    }
  }
}

async function resume(fleet: LocalFleet, notes: readonly string[], deps: LocalDeps): Promise<Begun> {
  const started = await withLock(lockPath(fleet.directory), deps, async () => {
    await ownNamed({ portLinks: deps.portLinks, folder: fleet.directory }, portsOf(fleet.processes));
    const begun = await startFleet(fleet, deps);
    const again = await restartCutOff(fleet, deps);
    return {
      started: [...begun.started, ...again.started],
      notes: [...begun.notes, ...again.notes],
    };
  });
  return {
    outcome: started.started.length > 0 ? "started" : "already-running",
    fleet,
    notes: [...notes, ...started.notes],
  };
}

async function finish(begun: Begun, begunAt: number, deps: LocalDeps): Promise<InitReport> {
  const { fleet, outcome } = begun;
  // Registered before the wait, so that a fleet that starts late can be inspected by name.
  const registered = await registerContext(deps.contextsFile, fleet, {
    isNew: outcome === "created",
    lockDeps: deps,
  });
  const { leader } = await waitUntilReady(fleet, deps).catch(async (error: unknown) => {
    await refuseUnreachable(fleet, Date.now());
    if (error instanceof OperatorError && error.code === "NO_LEADER") await refuseHung(fleet, deps);
    throw error;
  });
  const firstWriteMs = deps.clock.now() - begunAt;
  await endFounding(fleet.directory);
  const { notes, removed } = await waitUntilAllServe(fleet, deps);
  await refuseUnreachable(fleet, Date.now());
  await refuseHung(fleet, deps);
  return {
    outcome,
    name: fleet.file.name,
    directory: fleet.directory,
    nodes: fleet.file.nodes,
    shards: fleet.file.shards.length - removed.length,
    clusters: fleet.file.clusters.length,
    inProcess: fleet.file.inProcess === true,
    leader,
    context: registered.name,
    firstWriteMs: Math.round(firstWriteMs),
    totalMs: Math.round(deps.clock.now() - begunAt),
    notes: [...begun.notes, ...registered.notes, ...notes, ...removed.map(noteRemoved)],
  };
}

const noteRemoved = (shard: string): string =>
  `${shard} runs here, but was removed from the fleet; take it back with: fleet shard activate ${shard}`;

function wantedFleet(options: InitOptions): NewFleet {
  const { name, nodes, shards, clusters, profile, snapshotTo, machines, encryption } = options;
  return {
    name: name ?? DEFAULTS.name,
    nodes: nodes ?? DEFAULTS.nodes,
    shards: shards ?? DEFAULTS.shards,
    clusters: clusters ?? DEFAULTS.clusters,
    profile: profile ?? DEFAULTS.profile,
    snapshotTo: snapshotTo ?? null,
    machines: machines ?? null,
    encryption: encryption ?? null,
    separateAuthorities: options.separateAuthorities ?? false,
    inProcess: options.inProcess ?? false,
    engine: options.engine ?? null,
  };
}

function refuseUnusable(options: InitOptions): void {
  const { name } = options;
  const { shards, clusters } = wantedFleet(options);
  if (name !== undefined && !isName(name)) {
    throw badFleetName(name);
  }
  if (options.machines !== undefined && shards === 0) {
    throw usage("machines need a shard", "run: fleet init --shards 1 --machines FILE");
  }
  const { engine } = options;
  if (engine !== undefined && engine.ca === undefined) engine.etcd.forEach(assertLoopback);
  if (clusters > 0 && shards === 0) {
    throw usage("clusters need a shard to dial", `run: fleet init --shards 1 --clusters ${clusters}`);
  }
}

function cameAndWent(directory: string): OperatorError {
  return new OperatorError("FLEET_BUSY", {
    what: `another process made files in ${directory} and removed them at the same time`,
    next: "wait until it has finished, then run this again",
    exit: Exit.Precondition,
  });
}
