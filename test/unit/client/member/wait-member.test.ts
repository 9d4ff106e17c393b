// `fleet member add --wait` ends when the member has its wanted role in every group, not in the fleet's own alone.

import { expect, test } from "vitest";
import type { FleetClient } from "../../../../src/client/fleet-client.ts";
import { waitForMember } from "../../../../src/client/member/wait-member.ts";
import { OperatorError } from "../../../../src/core/base/errors.ts";
import { MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { MemberView } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { MemberRole } from "../../../../src/core/wire/gen/fleet/v1/views.ts";

const view = (role: MemberRole, groupsBehind: number, wanted: MemberKind = MemberKind.VOTER) =>
  MemberView.fromPartial({ member: { name: "n4", wanted }, role, groupsBehind });

/** Answers with each view once, and then with the last one. */
function clientOf(...views: readonly MemberView[]): FleetClient {
  const left = [...views];
  const listMembers = async () => ({ members: left.length > 1 ? [left.shift()] : left });
  return { listMembers, target: { tls: "insecure-loopback" } } as unknown as FleetClient;
}

test("a member that votes in the fleet's own group is waited for until it votes in all", async () => {
  const steps: string[] = [];
  const views = [
    MemberView.fromPartial({}),
    view(MemberRole.LEARNER, 2),
    view(MemberRole.VOTER, 2),
    view(MemberRole.VOTER, 1),
    view(MemberRole.VOTER, 0),
  ];
  await waitForMember(clientOf(...views), "n4", 10_000, (step) => steps.push(step));
  expect(steps).toEqual([
    "n4 has not asked for admission yet",
    "n4 learns",
    "n4 is in the fleet's own group, and joins 2 more groups",
    "n4 is in the fleet's own group, and joins 1 more group",
  ]);
});

test("a member that is not ready in time is told as such, also if the fleet does not say what is revoked", async () => {
  const listMembers = async () => ({ members: [view(MemberRole.LEARNER, 0)] });
  const listRevocations = () =>
    Promise.reject(new OperatorError("UNAVAILABLE", { what: "no leader", exit: 5 }));
  const target = { tls: { ca: "ca", cert: "cert", key: "key" } };
  const client = { listMembers, listRevocations, target } as unknown as FleetClient;
  await expect(waitForMember(client, "n4", 0, () => undefined)).rejects.toMatchObject({
    code: "MEMBER_NOT_READY",
    parts: { next: expect.stringContaining("see its log") },
  });
});

test("a learner that is wanted as one is waited for until it learns in all groups, and has caught up", async () => {
  const learner = (groupsBehind: number, lag?: number) => ({
    ...view(MemberRole.LEARNER, groupsBehind, MemberKind.LEARNER),
    lag,
  });
  const steps: string[] = [];
  const views = [learner(1, 0), learner(0), learner(0, 40), learner(0, 0)];
  const left = [...views];
  const listMembers = async () => ({ members: [left.shift()] });
  const client = { listMembers } as unknown as FleetClient;
  await waitForMember(client, "n4", 10_000, (step) => steps.push(step));
  expect(left).toEqual([]);
  expect(steps).toEqual(["n4 is in the fleet's own group, and joins 1 more group", "n4 learns"]);
});

test("in the end the error says which groups are missing", async () => {
  const waiting = waitForMember(clientOf(view(MemberRole.VOTER, 1)), "n4", 150, () => undefined);
  await expect(waiting).rejects.toMatchObject({
    code: "MEMBER_NOT_READY",
    parts: { what: expect.stringContaining("joins 1 more group") },
  });
});
