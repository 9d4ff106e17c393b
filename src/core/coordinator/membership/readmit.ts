// A leader's answer to a replica that asks for admission (ADR-0002, ADR-0004): the table says which kind it
// should be.

import { FLEET_GROUP, groupId, isMemberNumber, nodeId } from "../../base/ids.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import type { RejoinRequest, RejoinResponse } from "../../wire/gen/fleet/v1/raft.ts";
import { revocationOf } from "../../wire/server/admit.ts";
import { assertLeads } from "../calls/assert-leads.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { refuseOldBuild } from "../cluster-version/version-gate.ts";
import type { HostedGroup } from "../group/group-kinds.ts";
import { isConfigured } from "./membership-steps.ts";
import type { OpenGroups } from "./open-groups.ts";
import { removed, unknown, unusable } from "./peer-gate.ts";
import type { Holding, Readmission, Wanted } from "./readmission.ts";
import type { Replica } from "./replica.ts";

export async function readmit(
  context: ServiceContext,
  replica: Pick<Replica<unknown>, "readmit">,
  request: RejoinRequest,
  caller: Caller,
): Promise<RejoinResponse> {
  await assertLeads(context, caller);
  refuseRevoked(context, caller);
  const wanted = wantedOf(context, request.nodeId);
  const tooOld = refuseOldBuild(context, request.knownVersion);
  if (tooOld !== null) throw tooOld;
  // A member that is being removed still has its row for a moment and must not be admitted meanwhile. Nor
  // while the end of an abandoned removal may still be applied, after the entry that would admit it.
  if (context.changes.isUnderWay(context.driver.status())) return WAITING;
  return answerOf(replica.readmit(nodeId(request.nodeId), holdingOf(request), wanted));
}

/**
 * The same for a group beside the fleet's own, from its leader. The fleet's own group says who takes part: a
 * replica is admitted there first.
 */
export async function readmitToGroup(
  context: ServiceContext,
  groups: Pick<OpenGroups<HostedGroup>, "readmit">,
  request: RejoinRequest,
  caller: Caller,
): Promise<RejoinResponse> {
  const [group, id] = [groupId(request.groupId ?? FLEET_GROUP), nodeId(request.nodeId)];
  const driver = context.groups.get(group)?.driver;
  if (driver?.role !== "leader") return WAITING;
  const confirmed = await driver.readIndex(caller.deadline);
  if (!confirmed.ok || driver.role !== "leader") return WAITING;
  refuseRevoked(context, caller);
  const row = context.machine.view.tables.members.get(id);
  if (row?.wanted === MemberKind.REMOVED) throw removed(row.name);
  const { voters, learners } = context.driver.status().config;
  const isVoter = voters.includes(id);
  if (!isVoter && !learners.includes(id)) return WAITING;
  return answerOf(groups.readmit(group, id, holdingOf(request), isVoter ? "voter" : "learner"));
}

const WAITING: RejoinResponse = { voter: false, learnerAt: 0, staysLearner: false };

/** It was admitted before its certificate was revoked. */
function refuseRevoked(context: ServiceContext, { identity }: Caller): void {
  const revoked = revocationOf(identity, context.tls);
  if (revoked !== null) throw revoked;
}

function holdingOf({ whole, restored }: RejoinRequest): Holding {
  return whole ? "whole" : restored ? "part" : "nothing";
}

function answerOf(readmission: Readmission): RejoinResponse {
  const { at = 0, stays = false } = readmission.kind === "learner" ? readmission : {};
  return { voter: readmission.kind === "voter", learnerAt: at, staysLearner: stays };
}

/** The wanted kind of a replica in the members' table; throws when it must not take part at all. */
function wantedOf(context: ServiceContext, id: number): Wanted {
  const { machine, given } = context;
  const row = machine.view.tables.members.get(id);
  const isGiven = machine.view.tables.members.size === 0 && given.some((known) => known.id === id);
  if (row === undefined && isGiven) return "voter";
  if (row === undefined) throw unknown(id);
  // A row from before the limit of numbers may have such a number. A member that is in the configuration
  // already stays.
  if (!isMemberNumber(id) && !isConfigured(context, nodeId(id))) throw unusable(id);
  if (row.wanted === MemberKind.REMOVED) throw removed(row.name);
  return row.wanted === MemberKind.LEARNER ? "learner" : "voter";
}
