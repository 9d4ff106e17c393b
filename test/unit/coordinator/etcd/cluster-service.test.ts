import { beforeEach, expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { clusterService } from "../../../../src/core/coordinator/etcd/cluster-service.ts";
import type { EtcdContext } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import type { KeyStore } from "../../../../src/core/coordinator/etcd/kv-service.ts";
import type { MemberChange } from "../../../../src/core/coordinator/etcd/member-changes.ts";
import { MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ADMIN, callOf } from "./key-store.ts";

/** n1 votes, n2 learns, n3 was added as a learner and has not started, n4 as a voter, and n5 was removed. */
const WANTED = [MemberKind.VOTER, MemberKind.VOTER, MemberKind.LEARNER, MemberKind.VOTER, MemberKind.REMOVED];
const config = { voters: [1], votersOutgoing: [], learners: [2], learnersNext: [] };
const made: MemberChange[] = [];
let confirmations = 0;
const fleet = {
  replicas: WANTED.map((_, at) => ({ id: nodeId(at + 1), name: `n${at + 1}`, address: `h:${at + 1}` })),
  machine: { view: { tables: { members: { get: (id: number) => ({ wanted: WANTED[id - 1] }) } } } },
  driver: {
    leader: 1,
    status: () => ({ config }),
    readIndex: async () => {
      confirmations += 1;
      return { ok: true };
    },
  },
  clock: { monotonicMs: () => 0 },
  work: { answer: async () => undefined },
  tls: "insecure-loopback",
};
const context = { fleet, etcdAddressOf: () => "", scheme: "http" } as unknown as EtcdContext;
const headers = { now: () => undefined } as unknown as KeyStore["headers"];
const service = clusterService(
  context,
  { headers },
  {
    make: async (change) => {
      made.push(change);
      return nodeId(change.$case === "memberRemove" ? 1 : 4);
    },
  },
);
beforeEach(() => {
  made.length = 0;
  confirmations = 0;
});

const shown = (members: readonly { ID: string; name: string; isLearner: boolean }[]) =>
  members.map(({ ID, name, isLearner }) => `${ID} ${name} ${isLearner ? "learner" : "voter"}`);

test("a member has its name once it takes part, and is a learner as its row or the configuration says", async () => {
  const { members } = await service.memberList(callOf(ADMIN, { linearizable: false }));
  expect(shown(members)).toEqual(["1 n1 voter", "2 n2 learner", "3  learner", "4  voter"]);
  expect(confirmations).toBe(0);
});

test("a linearizable list confirms the group that has the members", async () => {
  await service.memberList(callOf(ADMIN, { linearizable: true }));
  expect(confirmations).toBe(1);
});

test("an addition answers with the member, a removal without it", async () => {
  const value = { peerURLs: ["http://h:4"], isLearner: false };
  const added = await service.memberAdd(callOf(ADMIN, value));
  expect(added).toMatchObject({ member: { ID: "4", name: "", peerURLs: ["http://h:4"] } });
  expect(added.members).toHaveLength(4);
  const removed = await service.memberRemove(callOf(ADMIN, { ID: "1" }));
  expect(shown(removed.members)).toEqual(["2 n2 learner", "3  learner", "4  voter"]);
  await service.memberPromote(callOf(ADMIN, { ID: "2" }));
  expect(made.map(({ $case }) => $case)).toEqual(["memberAdd", "memberRemove", "memberPromote"]);
});

test.each([
  { ID: "77", url: "http://h:1", error: ETCD_ERRORS.memberNotFound, why: "there is no such member" },
  { ID: "2", url: "http://h:1", error: ETCD_ERRORS.peerUrlExists, why: "another one has the address" },
  { ID: "2", url: "h:1", error: ETCD_ERRORS.memberBadUrls, why: "that is no URL" },
])("an update is refused as etcd does it: $why", async ({ ID, url, error }) => {
  const update = service.memberUpdate(callOf(ADMIN, { ID, peerURLs: [url] }));
  await expect(update).rejects.toBe(error);
});

test("an update to the address that a member has succeeds; another one names the fleet's command", async () => {
  const update = (url: string) => service.memberUpdate(callOf(ADMIN, { ID: "2", peerURLs: [url] }));
  expect((await update("http://h:2")).members).toHaveLength(4);
  await expect(update("http://h:9")).rejects.toThrow("fleet member replace n2 --with NEW");
});
