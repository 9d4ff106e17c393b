// Reads the data folders of a stopped fleet: a local fleet's by its fleet.yaml, elsewhere the named ones.
// Only reads; a folder that a process holds is not opened.

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { present } from "../../core/base/assert.ts";
import { OperatorError } from "../../core/base/errors.ts";
import { FLEET_GROUP, type NodeId, nodeId } from "../../core/base/ids.ts";
import { ifNoPath, isErrno } from "../../core/base/system-error.ts";
import { readCopy } from "../../core/recover/copy.ts";
import type { Place, Sight } from "../../core/recover/diagnosis.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { readStopped } from "../../core/storage/read-stopped.ts";
import { readRecoveryMark, UNFINISHED } from "../../core/storage/recovery-mark.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import type { Processes } from "../processes/processes.ts";
import { inspectProcess } from "../processes/supervisor.ts";
import * as refuse from "./refusals.ts";

export interface Looked {
  readonly places: readonly Place[];
  /** Null when no folder says it. */
  readonly clusterId: string | null;
}

/** Every coordinator node of a local fleet. */
export async function lookAtFleet(
  fleet: LocalFleet,
  processes: Processes,
  keys: OperatorKeys | null = null,
): Promise<Looked> {
  const { file } = fleet;
  if (file.engine !== undefined) throw refuse.logInEtcd(file.engine.etcd);
  const coordinators = fleet.processes.filter((plan) => plan.role === "coordinator");
  const places = await Promise.all(
    coordinators.map(async ({ name, files }) => {
      const entry = present(
        file.nodes.find((node) => node.name === name),
        "each coordinator's process is an entry's",
      );
      const id = nodeId(entry.id);
      const process = await inspectProcess(files.pid, processes);
      const running: Sight | null =
        process.kind === "running"
          ? { kind: "running", nodeId: id, problem: `process ${process.identity.pid} runs` }
          : null;
      const found = running === null ? await lookInto(files.data, id, keys) : null;
      const sight = running ?? strangersAside(present(found, "it was looked into"), id, file.clusterId);
      return { name, directory: files.data, sight };
    }),
  );
  return { places, clusterId: file.clusterId };
}

/** The given folders, which must be of one cluster and of different nodes. */
export async function lookAtFolders(
  directories: readonly string[],
  keys: OperatorKeys | null = null,
): Promise<Looked> {
  const found = await Promise.all(
    directories.map(async (given) => {
      const directory = resolve(given);
      return { directory, ...(await lookInto(directory, null, keys)) };
    }),
  );
  const clusters = new Set(found.flatMap(({ clusterId }) => clusterId ?? []));
  if (clusters.size > 1) throw refuse.mixedUp(`they are of different clusters: ${[...clusters].join(", ")}`);
  const ids = found.flatMap(({ sight }) => (sight.kind === "whole" ? [sight.copy.nodeId] : []));
  if (new Set(ids).size < ids.length) throw refuse.mixedUp("two of them are of the same node");
  const places = found.map(({ directory, sight }) => ({ name: null, directory, sight }));
  return { places, clusterId: [...clusters][0] ?? null };
}

interface Found {
  readonly clusterId: string | null;
  readonly sight: Sight;
}

async function lookInto(
  directory: string,
  expected: NodeId | null,
  keys: OperatorKeys | null,
): Promise<Found> {
  try {
    const mark = await readRecoveryMark(directory);
    if (mark !== null) {
      const problem = `${UNFINISHED}: the same command finishes it`;
      return {
        clusterId: mark.formerClusterId,
        sight: { kind: "half-recovered", nodeId: mark.nodeId, problem },
      };
    }
    const { identity, logs, isAmnesiac, groupsFile } = await readStopped(directory, keys);
    const log = logs.get(FLEET_GROUP);
    const read = log && readCopy(identity.nodeId, log, isAmnesiac);
    if (read === undefined) return { clusterId: null, sight: empty(expected) };
    const sight: Sight = read.ok
      ? {
          kind: "whole",
          copy: read.copy,
          groups: [...logs].flatMap(([group, groupLog]) =>
            group === FLEET_GROUP
              ? []
              : [
                  {
                    ...{ group, nodeId: identity.nodeId, directory, log: groupLog },
                    kind: groupsFile.find(group)?.kind ?? "tally",
                  },
                ],
          ),
        }
      : { kind: "damaged", nodeId: identity.nodeId, problem: read.problem };
    return { clusterId: identity.clusterId, sight };
  } catch (error) {
    return { clusterId: null, sight: await unreadable(directory, expected, error) };
  }
}

async function unreadable(directory: string, id: NodeId | null, error: unknown): Promise<Sight> {
  if (isErrno(error, "EACCES", "EPERM")) throw refuse.unreadable(directory, error);
  if (!(error instanceof OperatorError)) throw error;
  const { what, why = what } = error.parts;
  switch (error.code) {
    case "NOT_A_DATA_FOLDER":
      return (await exists(directory))
        ? empty(id)
        : { kind: "missing", nodeId: id, problem: "there is no folder" };
    case "STORAGE_LOCKED":
      return { kind: "running", nodeId: id, problem: what };
    case "STORAGE_CORRUPT":
      return { kind: "damaged", nodeId: id, problem: `${what}: ${why}` };
    default:
      throw error;
  }
}

const empty = (id: NodeId | null): Sight => ({
  kind: "missing",
  nodeId: id,
  problem: "its folder holds no log",
});

/** If another node's folder, or another cluster's, is at this place, it is not a copy of this node's. */
function strangersAside({ sight, clusterId }: Found, id: NodeId, expected: string): Sight {
  if (sight.kind !== "whole") return sight;
  if (clusterId === expected && sight.copy.nodeId === id) return sight;
  const problem = `its folder is of node ${sight.copy.nodeId} of cluster ${clusterId}`;
  return { kind: "damaged", nodeId: id, problem };
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, ifNoPath(false));
}
