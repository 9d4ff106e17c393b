// An etcd cluster as its nodes answer: names by member, who leads, and when that is healthy.

import { expect, test } from "vitest";
import { type EtcdAnswer, joinEtcdAnswers } from "../../../../src/client/etcd/cluster-status.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { Member, StatusResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { etcdVerdictExit, etcdVerdictLines } from "../../../../src/ui/model/etcd-verdict.ts";

const members = ["1", "2", "3"].map((ID) =>
  Member.fromPartial({ ID, name: `e${ID}`, clientURLs: [`https://h${ID}:2379`], peerURLs: [] }),
);

const up = (id: string, leader: string, raftTerm = 4, errors: string[] = []): EtcdAnswer => ({
  endpoint: `h${id}:2379`,
  status: StatusResponse.fromPartial({ header: { memberId: id }, leader, raftTerm, errors }),
});
const down = (id: string): EtcdAnswer => ({ endpoint: `h${id}:2379`, problem: "connection refused" });

test.each([
  { answers: [up("1", "2"), up("2", "2"), up("3", "2")], leader: "e2", exit: Exit.Ok, why: "all agree" },
  { answers: [up("1", "2"), up("2", "2")], leader: "e2", exit: Exit.Ok, why: "the third was not named" },
  { answers: [up("1", "2"), up("2", "2"), down("3")], leader: "e2", exit: Exit.NoQuorum, why: "one is down" },
  {
    answers: [up("1", "1", 3), up("2", "2"), up("3", "2")],
    leader: "e2",
    exit: Exit.Ok,
    why: "one is behind",
  },
  { answers: [up("1", "0"), down("2"), down("3")], leader: null, exit: Exit.NoQuorum, why: "no leader" },
  {
    answers: [up("1", "2", 4, ["etcdserver: mvcc: database space exceeded"]), up("2", "2"), up("3", "2")],
    ...{ leader: "e2", exit: Exit.NoQuorum, why: "an alarm" },
  },
])("$why: $leader leads, exit $exit", ({ answers, leader, exit }) => {
  const status = joinEtcdAnswers("store", answers, members);
  expect(status.leaderName).toBe(leader);
  expect(etcdVerdictExit(status)).toBe(exit);
  expect(status.nodes.map(({ name }) => name)).toEqual(["e1", "e2", "e3"]);
});

test("what is missing is said: nodes that were not asked, and what etcd can't tell", () => {
  const lines = etcdVerdictLines(joinEtcdAnswers("store", [up("1", "1")], members)).map(({ text }) => text);
  expect(lines[0]).toBe("store: healthy, 1 of 3 nodes up, 2 not among the endpoints, e1 leads term 4");
  expect(lines[1]).toMatch(/^n\/a on etcd/);
});

test("without the members' list a node is called by its endpoint", () => {
  const { nodes, leaderName } = joinEtcdAnswers("store", [up("1", "1"), down("2")], []);
  expect(nodes.map(({ name, answers }) => `${name} ${answers}`)).toEqual(["h1:2379 up", "h2:2379 down"]);
  expect(leaderName).toBe("h1:2379");
});
