// A request may be repeated with an index that has passed, because its first attempt changed that index. A
// removal or a replacement changes the configuration first and the table afterwards, and its leader may die
// in between. This compares the changes since that index with what the request does. Any other change was
// made by another client.

import { listMembers } from "../../fleet/query.ts";
import type { ConfOperation } from "../../raft/confchange.ts";
import { MemberKind, type MemberRecord } from "../../wire/gen/fleet/v1/command.ts";
import type { ChangeMembershipRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "../calls/context.ts";
import { findMember, findRemoved } from "./membership-steps.ts";

type Change = NonNullable<ChangeMembershipRequest["change"]>;

/** Everything that a request may change, step by step. */
interface Steps {
  readonly configures: (operation: ConfOperation) => boolean;
  readonly writes: (row: Readonly<MemberRecord>) => boolean;
}

/** Whether all changes above `expected` belong to `change`. */
export function isBegun(context: ServiceContext, change: Change, expected: number): boolean {
  const { driver, machine } = context;
  const operations = driver.configurationChangesSince(expected);
  const steps = stepsOf(context, change);
  if (operations === null || steps === null) return false;
  const written = listMembers(machine.view).filter((row) => row.version > expected);
  return operations.every(steps.configures) && written.every(steps.writes);
}

/** Null when it is one step: such a change is finished, or was not begun. */
function stepsOf(context: ServiceContext, change: Change): Steps | null {
  switch (change.$case) {
    case "add":
    case "promote":
      return null;
    case "remove":
      return removal(idOf(context, change.value.name));
    case "replace":
      return replacement(idOf(context, change.value.name), idOf(context, change.value.with));
  }
}

function removal(old: number | undefined): Steps {
  return {
    configures: ({ kind, node }) => kind === "remove" && node === old,
    writes: ({ nodeId, wanted }) => nodeId === old && wanted === MemberKind.REMOVED,
  };
}

/** Including the admission of the newcomer, which is part of it. */
function replacement(old: number | undefined, fresh: number | undefined): Steps {
  const leaves = removal(old);
  return {
    configures: (operation) =>
      leaves.configures(operation) || (operation.kind.startsWith("add-") && operation.node === fresh),
    writes: (row) => leaves.writes(row) || (row.nodeId === fresh && row.wanted !== MemberKind.REMOVED),
  };
}

function idOf(context: ServiceContext, name: string): number | undefined {
  return (findMember(context, name) ?? findRemoved(context, name))?.nodeId;
}
