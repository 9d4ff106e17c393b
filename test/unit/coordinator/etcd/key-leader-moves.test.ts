// etcd's MoveLeader hands the key space's group over with an entry in the audit log, as the fleet's own transfer does
// (issue 11). The leader of the fleet's group writes it, which may be another member.

import { afterEach, beforeEach, expect, test } from "vitest";
import { type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import type { KeyGroup } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import type { ForwardedWrites } from "../../../../src/core/coordinator/etcd/forward.ts";
import { KeyLeaderMoves } from "../../../../src/core/coordinator/etcd/key-leader-moves.ts";
import { member } from "../../fleet/replica.ts";
import type { TestGroup } from "../group.ts";
import { ledGroup } from "../service-context.ts";

const ADMIN = { kind: "admin" } as const;
const SILENT: ForwardedWrites = { ask: async () => null };

let group: TestGroup;
let context: ServiceContext;
let self: NodeId;
let audited: () => readonly { readonly what: string; readonly reason: string; readonly actor: string }[];
beforeEach(async () => {
  const led = await ledGroup(3);
  ({ group, context } = led);
  self = led.leader.id;
  for (const id of [1, 2, 3]) await group.propose(led.leader, { kind: member(id) });
  audited = () => [...led.leader.machine.view.tables.audit.rows()];
});
afterEach(() => group.close());

/** A group of three that this replica leads; a transfer to `follows` succeeds at once. */
function keyGroup(follows: (to: NodeId) => boolean = () => true) {
  const transfers: NodeId[] = [];
  const driver = {
    role: "leader",
    leader: self,
    status: () => ({ config: { voters: [1, 2, 3].map(nodeId) } }),
    transferLeader(to: NodeId) {
      transfers.push(to);
      if (follows(to)) this.leader = to;
    },
  };
  return { transfers, keys: { driver } as unknown as KeyGroup };
}

const other = () => nodeId(self === 3 ? 2 : 3);
const caller = () => ({ identity: ADMIN, deadline: group.nowMs + 5_000 });

test("the entry names who asked, from whom to whom, and the member that was asked", async () => {
  const { keys, transfers } = keyGroup();
  const moves = new KeyLeaderMoves(context, SILENT);
  await group.until(moves.move(keys, other(), caller()));
  expect(transfers).toEqual([other()]);
  expect(audited().at(-1)).toMatchObject({
    what: `hand leadership from n${self} to n${other()}`,
    reason: `MoveLeader of etcd's API for the key space, asked at n${self}`,
    actor: "fleet://admin",
  });
});

test("without its entry nothing is handed over", async () => {
  const { keys, transfers } = keyGroup();
  const followed = { ...context, driver: { ...context.driver, role: "follower", leader: other() } };
  const moves = new KeyLeaderMoves(followed as unknown as ServiceContext, SILENT);
  const asked = Promise.allSettled([moves.move(keys, other(), caller())]);
  expect(await group.until(asked)).toEqual([{ status: "rejected", reason: ETCD_ERRORS.timeout }]);
  expect(transfers).toEqual([]);
});

test("it asks the leader of the fleet's group, if that is another member", async () => {
  const { keys, transfers } = keyGroup();
  const asked: unknown[] = [];
  const forward: ForwardedWrites = {
    ask: async (leader, kind) => {
      asked.push({ leader, kind });
      return { index: 0, revision: 0, answer: { $case: "member", value: other() } };
    },
  };
  const followed = { ...context, driver: { ...context.driver, role: "follower", leader: other() } };
  await new KeyLeaderMoves(followed as unknown as ServiceContext, forward).move(keys, other(), caller());
  const kind = { $case: "noteKeyTransfer", value: { from: self, to: other() } };
  expect(asked).toEqual([{ leader: other(), kind }]);
  expect(transfers).toEqual([other()]);
});

test("a transfer to itself, or to no voter, writes nothing", async () => {
  const { keys, transfers } = keyGroup();
  const moves = new KeyLeaderMoves(context, SILENT);
  const before = audited().length;
  await moves.move(keys, self, caller());
  await expect(moves.move(keys, nodeId(9), caller())).rejects.toBe(ETCD_ERRORS.badTransferee);
  expect([audited().length, transfers]).toEqual([before, []]);
});
