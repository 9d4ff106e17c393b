import { expect, test } from "vitest";
import { type Answer, commonIndex, joinAnswers, unasked } from "../../../src/client/fleet-status.ts";
import type { DataPlane } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Admission } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { downNode, exportStatus, MEMBERS, SOUND_DATA_PLANE as SOUND, upNode } from "../ui/model/fixtures.ts";

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
    third: upNode(3, { certificateRevoked: "the certificate 6A is revoked" }),
    verdict: "degraded",
    why: "others refuse one",
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

test.each([
  {
    claims: [
      [0, 0],
      [0, 14],
    ],
    agreed: true,
    why: "no node knows a leader, in whatever term",
  },
  {
    claims: [
      [0, 2],
      [2, 2],
    ],
    agreed: false,
    why: "one does not know the leader",
  },
  {
    claims: [
      [2, 2],
      [2, 3],
    ],
    agreed: false,
    why: "they name it in different terms",
  },
  {
    claims: [
      [2, 3],
      [2, 3],
    ],
    agreed: true,
    why: "they name the same leader",
  },
])("agreed $agreed: $why", ({ claims, agreed }) => {
  const nodes = claims.map(([leaderId = 0, term = 0], at) => upNode(at + 1, { leaderId, term }));
  expect(joinAnswers(nodes, null, new Map()).agreed).toBe(agreed);
});

test("states are compared where all nodes with data have one: an empty disk has none", () => {
  const empty = upNode(1, { appliedIndex: 0, admission: Admission.WAITING });
  expect(commonIndex([empty, upNode(2, { appliedIndex: 7 }), upNode(3)])).toBe(7);
  expect(commonIndex([empty])).toBeNull();
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

const plane = (differs: Partial<DataPlane>): DataPlane => ({ ...SOUND, ...differs });

test.each([
  { counted: SOUND, verdict: "healthy", why: "every shard is alive, every cluster served" },
  { counted: null, verdict: "healthy", why: "an older leader does not count" },
  { counted: plane({ shardsDead: 20 }), verdict: "degraded", why: "dead shards serve nothing" },
  { counted: plane({ shardsSuspect: 1 }), verdict: "degraded", why: "a shard is silent" },
  { counted: plane({ shardsUnheard: 3, clustersUnknown: 12 }), verdict: "healthy", why: "the leader is new" },
  { counted: plane({ clustersUnknown: 1 }), verdict: "degraded", why: "all shards report, and none has it" },
  { counted: plane({ clustersElsewhere: 1 }), verdict: "degraded", why: "the wrong shard serves it" },
  { counted: plane({ clustersDouble: 1 }), verdict: "degraded", why: "two shards serve it" },
  { counted: plane({ clustersAbsent: 1 }), verdict: "degraded", why: "no shard serves it" },
  { counted: plane({ clustersMigrating: 4 }), verdict: "healthy", why: "an operator moves them" },
  { counted: plane({ instructionsPending: 2, oldestPendingMs: 900 }), verdict: "healthy", why: "just given" },
  {
    counted: plane({ instructionsPending: 2, oldestPendingMs: 61_000 }),
    verdict: "degraded",
    why: "no shard takes them",
  },
  { counted: plane({ instructionsRefused: 1 }), verdict: "degraded", why: "a shard could not follow" },
])("the data plane makes it $verdict: $why", ({ counted, verdict }) => {
  const answers = [1, 2, 3].map((id) => upNode(id));
  expect(joinAnswers(answers, null, new Map(), counted)).toMatchObject({ verdict, dataPlane: counted });
});

test.each([
  { voters: 1, down: 0, canLose: 0, verdict: "healthy", why: "one was asked for" },
  { voters: 2, down: 0, canLose: 0, verdict: "degraded", why: "either one's loss stops all writes" },
  { voters: 3, down: 0, canLose: 1, verdict: "healthy", why: "" },
  { voters: 3, down: 1, canLose: 0, verdict: "degraded", why: "" },
  { voters: 4, down: 0, canLose: 1, verdict: "healthy", why: "as three" },
  { voters: 5, down: 1, canLose: 1, verdict: "degraded", why: "" },
])("$voters voters, $down down: can lose $canLose", ({ voters, down, canLose, verdict }) => {
  const members = Array.from({ length: voters }, (_, at) => ({
    ...{ nodeId: at + 1, name: `n${at + 1}`, address: `127.0.0.1:700${at + 1}`, learner: false },
  }));
  const answers = members.map(({ nodeId }) =>
    nodeId > voters - down ? downNode(nodeId) : upNode(nodeId, { members }),
  );
  const { tolerance, verdict: said } = joinAnswers(answers, null, new Map());
  expect({ tolerance, said }).toEqual({
    tolerance: { voters, following: voters - down, canLose },
    said: verdict,
  });
});
