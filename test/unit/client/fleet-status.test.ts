import { expect, test } from "vitest";
import { type Answer, joinAnswers, unasked } from "../../../src/client/fleet-status.ts";
import { Admission } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { downNode, exportStatus, MEMBERS, upNode } from "../ui/model/fixtures.ts";

const DAY_MS = 86_400_000;

test.each([
  { third: upNode(3), verdict: "healthy", why: "all is well" },
  { third: downNode(3), verdict: "degraded", why: "one is down" },
  { third: upNode(3, { diskFull: true }), verdict: "degraded", why: "one takes nothing in" },
  { third: upNode(3, { diskSlow: true }), verdict: "degraded", why: "one slows all down if it leads" },
  {
    third: upNode(3, { snapshotExport: exportStatus({ overdue: true }) }),
    verdict: "degraded",
    why: "no export",
  },
  {
    third: upNode(3, { snapshotExport: exportStatus({ undeleted: 1 }) }),
    verdict: "healthy",
    why: "what is kept too long harms nobody",
  },
  { third: upNode(3, { admission: Admission.WAITING }), verdict: "degraded", why: "one holds nothing" },
  { third: upNode(3, { admission: Admission.REJOINING }), verdict: "degraded", why: "one does not vote yet" },
  {
    third: upNode(3, { certificateEndsAtMs: 13 * DAY_MS }),
    verdict: "degraded",
    why: "one's certificate ends soon",
  },
  {
    third: upNode(3, { certificateRefusal: "n3.crt ended at noon" }),
    verdict: "degraded",
    why: "one could not be started again",
  },
  {
    third: upNode(3, { certificateEndsAtMs: 14 * DAY_MS }),
    verdict: "healthy",
    why: "a fortnight is enough",
  },
  {
    third: upNode(3, { certificateEndsAtMs: undefined }),
    verdict: "healthy",
    why: "one uses no TLS, or is older",
  },
  {
    third: upNode(3, { admission: Admission.UNSPECIFIED }),
    verdict: "healthy",
    why: "an older node does not say",
  },
] as const)("$verdict: $why", ({ third, verdict }) => {
  const answers: readonly Answer[] = [upNode(1), upNode(2), third];
  expect(joinAnswers(answers, 120, new Map()).verdict).toBe(verdict);
});

test.each([
  { address: "127.0.0.1:7003", name: "n3", why: "the members' table knows who is there" },
  { address: "127.0.0.1:7009", name: "127.0.0.1:7009", why: "no member is there" },
])("a silent endpoint is called $name: $why", ({ address, name }) => {
  const answers: readonly Answer[] = [upNode(1), upNode(2), { ...downNode(3), name: address, address }];
  expect(joinAnswers(answers, 120, new Map()).nodes.map((node) => node.name)).toEqual(["n1", "n2", name]);
});

test("a node is called what the leader's table calls it, whoever answered first", () => {
  const [address, before] = ["127.0.0.1:7003", "before"];
  const behind = upNode(1, {
    leaderId: 2,
    members: MEMBERS.map((member) => (member.address === address ? { ...member, name: before } : member)),
  });
  const answers: readonly Answer[] = [behind, upNode(2, { leaderId: 2 })];
  expect(unasked(answers)).toEqual([{ name: "n3", address }]);
  expect(unasked([...answers].reverse())).toEqual([{ name: "n3", address }]);
  expect(unasked([behind])).toContainEqual({ name: before, address });
  const silent: Answer = { ...downNode(3), name: address, address };
  expect(joinAnswers([...answers, silent], 120, new Map()).nodes[2]?.name).toBe("n3");
});
