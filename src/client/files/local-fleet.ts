// An existing local fleet: its folder and the content of fleet.yaml, checked to be complete before anything
// is started.
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { shownName } from "../../core/base/ids.ts";
import { ifNoPath } from "../../core/base/system-error.ts";
import { type FleetFile, parseFleetFile } from "./fleet-file.ts";
import {
  ADMIN,
  agentsFilePath,
  clusterTls,
  FLEET_FOLDER,
  fleetFilePath,
  holderTls,
  READONLY,
} from "./layout.ts";
import { type ProcessPlan, planProcesses } from "./process-plan.ts";

export interface LocalFleet {
  /** Absolute. */
  readonly directory: string;
  readonly file: FleetFile;
  readonly processes: readonly ProcessPlan[];
}

/** Loads the fleet in `directory`, or in the .fleet folder there. Throws FLEET_NOT_FOUND or CONFIG_INVALID. */
export async function loadLocalFleet(directory: string): Promise<LocalFleet> {
  const fleet = await findLocalFleet(directory);
  if (fleet !== null) return fleet;
  throw new OperatorError("FLEET_NOT_FOUND", {
    what: `there is no fleet in ${resolve(directory)}`,
    why: `neither it nor a ${FLEET_FOLDER} folder in it has a fleet.yaml`,
    next: "make one with: fleet init",
    exit: Exit.NotFound,
  });
}

/** Like `loadLocalFleet`, but null if the folder holds no fleet. */
export async function findLocalFleet(directory: string): Promise<LocalFleet | null> {
  for (const candidate of [resolve(directory), resolve(directory, FLEET_FOLDER)]) {
    const fleet = await readFleetIn(candidate);
    if (fleet !== null) return fleet;
  }
  return null;
}

/** The process called `name`. Throws PROCESS_UNKNOWN. */
export function processNamed({ directory, processes }: LocalFleet, name: string): ProcessPlan {
  const plan = processes.find((candidate) => candidate.name === name);
  if (plan !== undefined) return plan;
  throw new OperatorError("PROCESS_UNKNOWN", {
    what: `the fleet in ${directory} has no process called ${shownName(name)}`,
    why: `it has ${processes.map((candidate) => candidate.name).join(", ")}`,
    next: "choose one of these",
    exit: Exit.NotFound,
  });
}

/**
 * Throws FLEET_INCOMPLETE, which names the missing files, when the fleet can't be started in its present
 * state.
 */
export async function assertComplete(fleet: LocalFleet): Promise<void> {
  const needed = neededPaths(fleet);
  const found = await Promise.all(needed.map(exists));
  const missing = needed.filter((_, at) => found[at] !== true);
  if (missing.length === 0) return;
  const shown = missing.slice(0, 5).join(", ");
  throw new OperatorError("FLEET_INCOMPLETE", {
    what: `the fleet in ${fleet.directory} lacks ${missing.length} of its files: ${shown}${missing.length > 5 ? ", …" : ""}`,
    why: "they were removed after `fleet init`, or a `fleet destroy` was interrupted",
    next: await howToMend(fleet, missing),
    exit: Exit.Precondition,
  });
}

/**
 * How the fleet can be repaired: a lost node returns through the others, a lost quorum through `fleet
 * recover`.
 */
async function howToMend(fleet: LocalFleet, missing: readonly string[]): Promise<string> {
  const { directory, processes } = fleet;
  const giveUp = `give the fleet up with: fleet destroy --dir ${directory}`;
  const folders = processes.map((plan) => plan.files.folder);
  if (missing.some((path) => !folders.includes(path))) return `put them back, or ${giveUp}`;
  const coordinators = processes.filter(({ role }) => role === "coordinator");
  const hasData = await Promise.all(coordinators.map(({ files }) => exists(files.data)));
  const lost = coordinators.filter((_, at) => hasData[at] === false).map(({ name }) => name);
  if (lost.length === coordinators.length) return `put a node's folder back, or ${giveUp}`;
  if (lost.length > (coordinators.length - 1) / 2)
    return `too few nodes are left for a quorum; see what can be saved with: fleet recover --dir ${directory}`;
  const again = `mkdir -m 700 ${missing.join(" ")} && fleet up --dir ${directory}`;
  const [first] = lost;
  if (first === undefined) return `put them back, or begin with empty ones: ${again}`;
  const instead = `or put a new node in its place then: fleet member replace ${first} --with NAME --dir ${directory}`;
  return `put them back, or start ${lost.join(", ")} with empty folders, and the others readmit them: ${again}; ${instead}`;
}

async function readFleetIn(directory: string): Promise<LocalFleet | null> {
  const path = fleetFilePath(directory);
  const text = await readFile(path, "utf8").catch(ifNoPath(null));
  if (text === null) return null;
  const file = parseFleetFile(path, text);
  return { directory, file, processes: planProcesses(directory, file) };
}

/** Without data folders: a node that lost its disk is readmitted by the others (founding.ts). */
function neededPaths(fleet: LocalFleet): string[] {
  const { directory, file } = fleet;
  const holders = [ADMIN, READONLY, ...file.nodes.map((node) => node.name), ...file.shards.map((s) => s.id)];
  const pairs = [
    ...holders.map((holder) => holderTls(directory, holder)),
    ...file.clusters.map((cluster) => clusterTls(directory, cluster)),
  ];
  return [
    ...new Set(pairs.flatMap((tls) => [tls.ca, tls.cert, tls.key])),
    ...fleet.processes.map((plan) => plan.files.folder),
    ...(file.clusters.length > 0 ? [agentsFilePath(directory)] : []),
  ];
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
