// Which revocations a recovery or a restore keeps although its copy lacks them (ADR-0026). Replicas and shards keep
// the list of revoked certificates on their disks, so a folder that is left knows more than an older copy.

import { resolve } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { missingRevocations, type RevocationList } from "../../core/recover/kept-revocations.ts";
import type { KeptRevocation } from "../../core/wire/gen/fleet/v1/command.ts";
import { readHeldDenials } from "../../core/wire/tls/held-denials.ts";
import type { LocalFleet } from "../files/local-fleet.ts";

/** What is to happen with revocations that the copy lacks. */
export interface RevocationWish {
  /** Of stopped processes. */
  readonly lists: readonly HeldList[];
  /** The operator gives them up. */
  readonly drop: boolean;
}

export interface HeldList extends RevocationList {
  readonly directory: string;
}

export interface KeptReport {
  /** Serial numbers and identities that the copy lacks. */
  readonly subjects: readonly string[];
  /** Whether the operator gives them up. */
  readonly dropped: boolean;
  /** The folders whose lists were compared with the copy. */
  readonly lists: readonly string[];
}

export interface Kept {
  readonly revocations: readonly KeptRevocation[];
  readonly report: KeptReport;
}

export const NO_WISH: RevocationWish = { lists: [], drop: false };

/**
 * The lists in `looked`, where there may be none, and in `named`, each of which must have one. Throws
 * DENY_LIST_MISSING or DENY_LIST_UNREADABLE.
 */
export async function heldLists(
  looked: readonly string[],
  named: readonly string[] = [],
): Promise<readonly HeldList[]> {
  const lists: HeldList[] = [];
  for (const given of [...looked, ...named]) {
    const directory = resolve(given);
    const { incarnation, version, denials } = await readHeldDenials(directory);
    if (incarnation !== "") lists.push({ directory, incarnation, version, denials });
    else if (named.includes(given)) throw missing(directory);
  }
  return lists;
}

/** Of all coordinators and shards of a local fleet. */
export const dataFolders = ({ processes }: LocalFleet): readonly string[] =>
  processes.flatMap(({ role, files }) => (role === "coordinator" || role === "shard" ? [files.data] : []));

/** `copies`: what other copies of the same cluster have in their tables. Throws TOO_MANY. */
export function keptFrom(
  copy: RevocationList,
  copies: readonly RevocationList[],
  { lists, drop }: RevocationWish,
): Kept {
  const found = missingRevocations(copy, [...lists, ...copies]);
  if (found === "too-many") throw tooMany();
  const report = {
    ...{ subjects: found.map(({ subject }) => subject), dropped: drop },
    lists: lists.map(({ directory }) => directory),
  };
  return { revocations: drop ? [] : found, report };
}

function missing(directory: string): OperatorError {
  return new OperatorError("DENY_LIST_MISSING", {
    what: `${directory} has no list of revoked certificates`,
    next: "name the data folder of a coordinator or a shard that has revocations.json",
    exit: Exit.NotFound,
  });
}

function tooMany(): OperatorError {
  return new OperatorError("TOO_MANY", {
    what: "the table has no room for the revocations of the copy and those that it lacks",
    next: "give them up with --drop-revocations, and revoke again those that still matter",
    exit: Exit.Precondition,
  });
}
