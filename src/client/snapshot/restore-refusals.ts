// Why a snapshot is not restored there, in an operator's words.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { Place } from "../../core/recover/diagnosis.ts";

export function holdsData({ name, directory, sight }: Place): OperatorError {
  const runs = sight.kind === "running";
  return new OperatorError(runs ? "FLEET_RUNS" : "DATA_THERE", {
    what: runs ? `${name} runs: nothing was changed` : `${name} still has data in ${directory}`,
    why: "a restore overwrites nothing, and what a node's disk holds is newer than any snapshot",
    next: runs
      ? "see how it is with: fleet status; stop it with: fleet down"
      : "see what is left with: fleet recover; to give it up, move that folder away, then run this again",
    exit: Exit.Precondition,
  });
}

export function notEmpty(directory: string): OperatorError {
  return new OperatorError("DATA_THERE", {
    what: `${directory} is not empty, and nothing in it was touched`,
    why: "a restore overwrites nothing",
    next: `see what it holds with: fleet verify --data ${directory}; move it away, or restore elsewhere`,
    exit: Exit.Precondition,
  });
}

export function overtaken(directory: string): OperatorError {
  return new OperatorError("DATA_THERE", {
    what: `something was made in ${directory} meanwhile, and was not touched`,
    next: "look at what it is, then restore elsewhere or run this again",
    exit: Exit.Precondition,
  });
}

export function otherCluster(directory: string, own: string, of: string): OperatorError {
  return new OperatorError("OTHER_CLUSTER", {
    what: `the fleet in ${directory} is cluster ${own}, the snapshot is of ${of}`,
    why: "it is another fleet's, or from before a recovery gave this one a new id",
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
        : `${node} is no voter that the snapshot and this fleet know`,
    why: `voters of the snapshot: ${names === "" ? "none" : names}`,
    next: "choose one of them with --node, or restore into a new folder with --dir",
    exit: Exit.NotFound,
  });
}

/** `where` is what `fleet recover` needs to find the node. */
export function otherUnfinished(node: string, begunFrom: string, where: string): OperatorError {
  return new OperatorError("RECOVERY_UNFINISHED", {
    what: `${node} is half-way through another recovery, from ${begunFrom}`,
    why: "the snapshot, the node or the address given now is not what it was begun with",
    next: `finish it with: fleet recover --force-new-cluster ${where}`.trimEnd(),
    exit: Exit.Precondition,
  });
}

export function mountPoint(directory: string): OperatorError {
  return new OperatorError("MOUNT_POINT", {
    what: `${directory} is a disk of its own, and nothing in it was touched`,
    why: "what is restored is made beside its place and renamed when it is whole, and no disk can be renamed onto",
    next: `have the node use a folder on that disk: ${directory}/data`,
    exit: Exit.Precondition,
  });
}

export function notWritable(directory: string, cause: unknown): OperatorError {
  return new OperatorError("NOT_WRITABLE", {
    what: `nothing can be made in ${directory}: ${cause instanceof Error ? cause.message : String(cause)}`,
    why: "what is restored is made there, beside its place, before it gets its name",
    next: `run this as the user that the node runs as; if the folder is missing: install -d -m 0700 -o USER ${directory}`,
    exit: Exit.Precondition,
    cause,
  });
}

export function badAddress(address: string): OperatorError {
  return new OperatorError("USAGE", {
    what: `${address} is no address`,
    next: "give --address HOST:PORT",
    exit: Exit.Usage,
  });
}

export function badName(name: string): OperatorError {
  return new OperatorError("USAGE", {
    what: `${name} cannot name a fleet`,
    next: "use lower-case letters, digits, '.', '_' and '-'",
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
