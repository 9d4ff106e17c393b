// The members as the leader sees them: each one's wanted role, its present role, and how far it is behind.

import { type NodeId, nodeId } from "../../base/ids.ts";
import { listMembers } from "../../fleet/query.ts";
import type { ConfState } from "../../raft/message.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import type { ListMembersResponse, ListRequest, MemberView } from "../../wire/gen/fleet/v1/coordinator.ts";
import { MemberRole } from "../../wire/gen/fleet/v1/views.ts";
import type { ShownCertificate } from "../../wire/tls/deny-list.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { filterOf } from "../calls/filter.ts";
import { refuseToken } from "../calls/page.ts";
import { readableWithReports } from "../calls/reads.ts";
import { refusalError } from "../calls/refusals.ts";

export async function membersList(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ListMembersResponse> {
  filterOf(request, []);
  refuseToken(request);
  const stamp = await readableWithReports(context, request, caller);
  assertFounded(context);
  const members = memberViews(context);
  const { clusterVersion } = context.machine.view;
  return { stamp, configurationIndex: configurationIndex(context), members, clusterVersion };
}

const WANTED_ROLES: Readonly<Record<MemberKind, MemberRole>> = {
  [MemberKind.UNSPECIFIED]: MemberRole.NONE,
  [MemberKind.VOTER]: MemberRole.VOTER,
  [MemberKind.LEARNER]: MemberRole.LEARNER,
  [MemberKind.REMOVED]: MemberRole.NONE,
  [MemberKind.UNRECOGNIZED]: MemberRole.NONE,
};

function memberViews({ driver, machine, answers, announced, groups }: ServiceContext): MemberView[] {
  const raft = driver.status();
  const others = [...groups.values()].map((group) => group.driver.status().config);
  return listMembers(machine.view)
    .map((member): MemberView => {
      const id = nodeId(member.nodeId);
      const progress = raft.progress.get(id);
      return {
        member: { ...member },
        role: roleIn(raft.config, id),
        leads: id === raft.leader,
        lag: progress && Math.max(0, raft.commit - progress.match),
        answers: id === raft.id || answers(id),
        ...(announced(id) ?? { knownVersion: 0, build: "" }),
        groupsBehind: others.filter((config) => roleIn(config, id) !== WANTED_ROLES[member.wanted]).length,
      };
    })
    .filter(({ member, role }) => member?.wanted !== MemberKind.REMOVED || role !== MemberRole.NONE);
}

function roleIn({ voters, votersOutgoing, learners, learnersNext }: ConfState, id: NodeId): MemberRole {
  if (voters.includes(id) || votersOutgoing.includes(id)) return MemberRole.VOTER;
  return learners.includes(id) || learnersNext.includes(id) ? MemberRole.LEARNER : MemberRole.NONE;
}

/** Throws a retryable error until a new fleet's first leader has written the first rows. */
export function assertFounded(context: ServiceContext): void {
  if (context.machine.view.tables.members.size === 0) throw refusalError(context, "no-leader");
}

/** On the leader: the voters that answered lately, including itself. */
export function answeringVoters({
  driver,
  self,
  answers,
}: Pick<ServiceContext, "driver" | "self" | "answers">): ReadonlySet<NodeId> {
  const { config } = driver.status();
  return new Set(config.voters.filter((id) => id === self || answers(id)));
}

/**
 * Those of them that will still answer: peers ignore a revoked voter, even if its connection is still open
 * (ADR-0026). A voter whose certificate can't be learned counts.
 */
export async function lastingVoters(
  context: Pick<ServiceContext, "driver" | "self" | "answers" | "servedBy" | "tls">,
  others: readonly NodeId[] = [],
): Promise<ReadonlySet<NodeId>> {
  const { answers, servedBy, tls } = context;
  const answering = [...answeringVoters(context), ...others.filter(answers)];
  if (tls === "insecure-loopback") return new Set(answering);
  const served = await Promise.all(answering.map(async (id) => [id, await servedBy(id)] as const));
  const isRevoked = (shown: ShownCertificate | null) =>
    shown !== null && tls.denyList?.denies(shown) === true;
  return new Set(served.flatMap(([id, shown]) => (isRevoked(shown) ? [] : [id])));
}

/** As in NodeStatus: no change of the configuration or of the table came after it. */
export function configurationIndex({ driver, machine }: ServiceContext): number {
  return Math.max(driver.configurationIndex, ...listMembers(machine.view).map((row) => row.version));
}
