// What every node does with an operator (ADR-0028): the node that receives a transfer judges it. Logs of refusals and
// changes have the operator's name. A role that is taken away wins no race.

import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type CoordinatorClient,
  TransferLeadershipRequest,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ALICE, missing, OperatorFleet, submitCall } from "./operator-fleet.ts";
import { listAtLeader, sendUnary } from "./raw-requests.ts";

let fleet: OperatorFleet;

beforeAll(async () => {
  fleet = await OperatorFleet.start();
});
afterAll(() => fleet?.dispose());

test("TransferLeadership is judged by the node that it goes to, whoever chose it", async () => {
  const leader = await fleet.cluster.leader();
  const others = fleet.cluster.nodes.filter((node) => node !== leader).map(({ name }) => name);
  const to = (toNode: string) => (client: CoordinatorClient) =>
    sendUnary(
      client,
      "transferLeadership",
      TransferLeadershipRequest.encode(TransferLeadershipRequest.fromPartial({ toNode })).finish(),
    );
  await fleet.allow([`transfer leader ${leader.name}`, "add member *"]);
  const refused = await fleet.attempt(to(""));
  expect(refused).toMatchObject({ reason: "GRANT_MISSING", metadata: { verb: "transfer", table: "leader" } });
  expect(others).toContain(refused?.metadata["name"]);
  const [target = ""] = others;
  expect(await fleet.attempt(to(target))).toMatchObject(missing(`transfer leader ${target}`));
  expect((await fleet.cluster.leader()).name).toBe(leader.name);
  await fleet.allow([`transfer leader ${target}`]);
  expect(await fleet.attempt(to(target))).toBeNull();
  expect((await fleet.cluster.leader()).name).toBe(target);
});

test("who is refused is in the leader's log, with identity, address and what was asked for, and is counted", async () => {
  await fleet.allow([]);
  const leader = await fleet.cluster.leader();
  // The same caller is logged once in ten seconds.
  const told = () => lines(fleet.cluster.log(leader)).filter(({ reason }) => reason === "GRANT_MISSING");
  await expect
    .poll(async () => {
      await fleet.attempt(submitCall("drainShard", { shardId: "b-1" }));
      return told();
    })
    .toContainEqual(
      expect.objectContaining({
        ...{ msg: "a call was refused", identity: ALICE, what: expect.stringMatching(/^\w+ \w+ \S+$/) },
        from: expect.stringMatching(/127\.0\.0\.1$/),
      }),
    );
});

test("the audit log names who did it", async () => {
  await fleet.allow(["activate shard a-1", "drain shard a-1"]);
  await fleet.attempt(submitCall("activateShard", { shardId: "a-1" }));
  expect(await fleet.attempt(submitCall("drainShard", { shardId: "a-1" }))).toBeNull();
  const { entries } = await listAtLeader(fleet.cluster, (client) => client.listAudit.bind(client));
  expect(entries.at(-1)).toMatchObject({ actor: ALICE, what: "drain shard a-1" });
});

test("a role that was revoked counts at no leader that comes after", async () => {
  await fleet.allow(["activate,drain shard a-1"]);
  expect(await fleet.attempt(submitCall("activateShard", { shardId: "a-1" }))).toBeNull();
  await fleet.asAdmin("revokeRole", { operator: "alice", role: "hers" });
  const leader = await fleet.cluster.leader();
  const rest = fleet.cluster.nodes.filter((node) => node !== leader);
  await fleet.cluster.kill(leader);
  // From the first moment: a new leader may not have applied the revocation when it is asked first.
  for (const tried of await Promise.all(
    rest.map(() => fleet.attempt(submitCall("drainShard", { shardId: "a-1" }), rest)),
  )) {
    expect(tried).toMatchObject(missing("drain shard a-1"));
  }
  await fleet.cluster.start(leader);
  await fleet.cluster.leader();
});

test("of writes that race with a revocation, none behind it in the log is done", async () => {
  await fleet.allow(["activate,drain shard a-2"]);
  let isOver = false;
  const racing = Array.from({ length: 8 }, async (_, at) => {
    for (let turn = at; !isOver; turn += 1) {
      await fleet.attempt(submitCall(turn % 2 === 0 ? "drainShard" : "activateShard", { shardId: "a-2" }));
    }
  });
  await fleet.asAdmin("revokeRole", { operator: "alice", role: "hers" }).finally(() => {
    isOver = true;
  });
  await Promise.all(racing);
  const { entries } = await listAtLeader(fleet.cluster, (client) => client.listAudit.bind(client));
  const revoked = entries.findLast(({ what }) => what === "revoke role hers from operator alice")?.index ?? 0;
  const hers = entries.filter(({ actor }) => actor === ALICE).map(({ index }) => index);
  expect(hers.filter((index) => index > revoked)).toEqual([]);
});

const lines = (output: string): Record<string, unknown>[] =>
  output.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
