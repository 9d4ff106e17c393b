// Why a snapshot can't be restored there, in an operator's words.

import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import type { Place } from "../../core/recover/diagnosis.ts";

export function holdsData({ name, directory, sight }: Place): OperatorError {
  const runs = sight.kind === "running";
  return new OperatorError(runs ? "FLEET_RUNS" : "DATA_THERE", {
    what: runs ? `${name} runs: nothing was changed` : `${name} still has data in ${directory}`,
    why: "a restore never overwrites data, and a node's disk is newer than any snapshot",
    next: runs
      ? "see its state with: fleet status; stop it with: fleet down"
      : "see what is left with: fleet recover; to give it up, move that folder, then run this again",
    exit: Exit.Precondition,
  });
}

export function notEmpty(directory: string): OperatorError {
  return new OperatorError("DATA_THERE", {
    what: `${directory} is not empty, and nothing in it was touched`,
    why: "a restore overwrites nothing",
    next: `check its content with: fleet verify ${directory}; move it away, or restore elsewhere`,
    exit: Exit.Precondition,
  });
}

export function overtaken(directory: string): OperatorError {
  return new OperatorError("DATA_THERE", {
    what: `another process made files in ${directory} meanwhile; they were not touched`,
    next: "check them, then restore elsewhere or run this again",
    exit: Exit.Precondition,
  });
}

export function otherCluster(directory: string, own: string, of: string): OperatorError {
  return new OperatorError("OTHER_CLUSTER", {
    what: `the fleet in ${directory} is cluster ${own}, the snapshot is of ${of}`,
    why: "it belongs to another fleet, or is older than the recovery that gave this fleet a new id",
    next: "choose another snapshot, or restore into a new folder: fleet snapshot restore --dir FOLDER",
    exit: Exit.Precondition,
  });
}

export function nodeUnknown(
  node: string | null,
  usable: readonly { readonly name: string }[],
): OperatorError {
  const names = usable.map(({ name }) => name).join(", ");
  return new OperatorError("NODE_UNKNOWN", {
    what:
      node === null
        ? "the snapshot has no voter to restore as"
        : `${node} is not a voter both of the snapshot and of this fleet`,
    why: `voters of the snapshot: ${names === "" ? "none" : names}`,
    next: "choose one of them with --node, or restore into a new folder with --dir",
    exit: Exit.NotFound,
  });
}

/** `where` is the argument of `fleet recover` that finds the node. */
export function otherUnfinished(node: string, begunFrom: string, where: string): OperatorError {
  return new OperatorError("RECOVERY_UNFINISHED", {
    what: `${node} is half-way through another recovery, from ${begunFrom}`,
    why: "the snapshot, the node or the address differs from those that it began with",
    next: `finish it with: fleet recover --force-new-cluster ${where}`.trimEnd(),
    exit: Exit.Precondition,
  });
}

export function mountPoint(directory: string): OperatorError {
  return new OperatorError("MOUNT_POINT", {
    what: `${directory} is a mount point, and nothing in it was touched`,
    why: "a restore writes beside its target and renames at the end, which cannot replace a mounted disk",
    next: `have the node use a folder on that disk: ${directory}/data`,
    exit: Exit.Precondition,
  });
}

export function notWritable(directory: string, cause: unknown): OperatorError {
  return new OperatorError("NOT_WRITABLE", {
    what: `cannot write in ${directory}: ${messageOf(cause)}`,
    why: "a restore writes there, beside its target, and renames at the end",
    next: `run this as the node's user; if the folder is missing: install -d -m 0700 -o USER ${directory}`,
    exit: Exit.Precondition,
    cause,
  });
}

export function badAddress(address: string): OperatorError {
  return new OperatorError("USAGE", {
    what: `${address} is not an address`,
    next: "give --address HOST:PORT",
    exit: Exit.Usage,
  });
}

export function nameIsGiven(name: string): OperatorError {
  return new OperatorError("USAGE", {
    what: `the fleet there is called ${name}, and keeps that name`,
    next: "leave --name out, or choose another --dir",
    exit: Exit.Usage,
  });
}
