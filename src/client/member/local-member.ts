// Members of a local fleet come with a process of their own: certificate, folder, port, an entry in
// fleet.yaml. What must stay true: everything happens under the fleet's lock, and each step can be repeated. So an
// interrupted command is finished by running it again. Data is moved aside, never deleted.

import { present } from "../../core/base/assert.ts";
import { createDirectory, syncDirectory } from "../../core/base/durable-file.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type {
  ChangeMembershipRequest,
  ChangeMembershipResponse,
} from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { editFleetFile } from "../files/edit-fleet-file.ts";
import { addNode, dropNode, type NodeEntry } from "../files/fleet-file.ts";
import { lockPath, processFiles, RESERVED_PROCESS_NAMES } from "../files/layout.ts";
import { type LocalFleet, loadLocalFleet } from "../files/local-fleet.ts";
import { portsOf } from "../files/process-plan.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { LocalDeps } from "../local/deps.ts";
import { restartCutOff } from "../local/restart-cut-off.ts";
import { setAside } from "../local/set-aside.ts";
import { STOP_GRACE_MS } from "../local/shut-down.ts";
import { writeNodeCertificate } from "../local/staging.ts";
import { startPlans } from "../local/start-fleet.ts";
import { withLock } from "../processes/lock.ts";
import { disown } from "../processes/port-owners.ts";
import { holdFreePorts, portOf } from "../processes/ports.ts";
import { stopProcess } from "../processes/supervisor.ts";

export type MemberOrder = Omit<ChangeMembershipRequest, "change">;

const FOLDER_MODE = 0o700;

/** Adds the member called `name` and starts its process. */
export async function addLocalMember(
  client: FleetClient,
  directory: string,
  wanted: { readonly name: string; readonly learner: boolean },
  order: MemberOrder,
  deps: LocalDeps,
): Promise<ChangeMembershipResponse> {
  return withLock(lockPath(directory), deps, async () => {
    const fleet = await loadLocalFleet(directory);
    refuseTakenName(fleet, wanted.name);
    const { members } = await client.listMembers();
    const given = new Set([
      ...portsOf(fleet.processes),
      ...members.map(({ member }) => portOf(member?.address ?? "")),
    ]);
    const owner = { portLinks: deps.portLinks, folder: fleet.directory };
    const ports = await holdFreePorts(3, owner, { isReserved: (port) => given.has(port) });
    try {
      const known = members.find(({ member }) => member?.name === wanted.name)?.member;
      const address = known?.address ?? present(ports.addresses[0], "a port is held");
      const value = { nodeId: 0, ...wanted, address };
      const done = await client.changeMembership({ ...order, change: { $case: "add", value } });
      const row = present(done.member, "a change of the membership answers with the member");
      if (order.dryRun) return done;
      const metricsPort = portOf(present(ports.addresses[1], "a port is held for metrics"));
      const etcdPort = portOf(present(ports.addresses[2], "a port is held for etcd's API"));
      const { nodeId: id, name, address: own } = row;
      await furnish(fleet, { id, name, address: own, metricsPort, etcdPort });
      await ports.release();
      await startMember(directory, row.name, deps);
      return done;
    } finally {
      await ports.release();
    }
  });
}

/** Stops the process of a removed member and moves its files aside; returns lines for the operator. */
export async function retireLocalMember(
  directory: string,
  name: string,
  deps: LocalDeps,
): Promise<readonly string[]> {
  return withLock(lockPath(directory), deps, async () => {
    const fleet = await loadLocalFleet(directory);
    const node = fleet.file.nodes.find((entry) => entry.name === name);
    if (node === undefined) return [];
    await stopProcess(processFiles(directory, name).pid, STOP_GRACE_MS, deps);
    const aside = await setAside(directory, node);
    const ports = portsOf(fleet.processes.filter((plan) => plan.name === name));
    await disown({ portLinks: deps.portLinks, folder: fleet.directory }, ports);
    // As long as the entry is there, the command can be run again and finds the remaining steps.
    await editFleetFile(directory, (text) => dropNode(text, name));
    // If this is interrupted, `fleet up` does it.
    const { notes } = await restartCutOff(await loadLocalFleet(directory), deps);
    return [`its process was stopped; its data is in ${aside}`, ...notes];
  });
}

async function furnish(fleet: LocalFleet, node: NodeEntry): Promise<void> {
  const { directory, file } = fleet;
  await createDirectory(processFiles(directory, node.name).data, FOLDER_MODE);
  if (file.nodes.some((entry) => entry.name === node.name)) return;
  await writeNodeCertificate(directory, node);
  await syncDirectory(directory);
  await editFleetFile(directory, (text) => addNode(text, node));
}

async function startMember(directory: string, name: string, deps: LocalDeps): Promise<void> {
  const fleet = await loadLocalFleet(directory);
  const plans = fleet.processes.filter((plan) => plan.name === name);
  await startPlans(fleet, plans, deps);
}

function refuseTakenName({ file }: LocalFleet, name: string): void {
  const isTaken = file.shards.some((shard) => shard.id === name) || RESERVED_PROCESS_NAMES.includes(name);
  if (!isTaken) return;
  throw new OperatorError("NAME_TAKEN", {
    what: `${name} cannot name a node of this fleet: the name is taken`,
    next: "choose another --name",
    exit: Exit.Precondition,
  });
}
