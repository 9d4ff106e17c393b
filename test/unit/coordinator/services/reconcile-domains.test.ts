// A leader asks shards which domains they hold, once, and tells them what differs from the tables. The tests use the
// code by which real shards report and obey, without their ports, and a real group's log.

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { reportShard } from "../../../../src/core/coordinator/services/report-shard.ts";
import { listAudit, listDomains } from "../../../../src/core/fleet/query.ts";
import { AckOutbox } from "../../../../src/core/shard/ack-outbox.ts";
import { obeyAnswer } from "../../../../src/core/shard/answer.ts";
import { reportOf } from "../../../../src/core/shard/report.ts";
import { ShardStore } from "../../../../src/core/shard/shard-store.ts";
import type { Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import type {
  ReportShardRequest,
  ReportShardResponse,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { makeFolder, removeFolder } from "../../../make-folder.ts";
import { turns } from "../../../turns.ts";
import { activate, assign, type OperationKind, removeShard } from "../../fleet/replica.ts";
import type { Member, TestGroup } from "../group.ts";
import { asItComes, ledGroup } from "../service-context.ts";

const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** One start of a shard. */
class Shard {
  readonly #id: string;
  readonly #store: ShardStore;
  readonly #acks = new AckOutbox();
  #cycle = 0;
  #isAsked = false;

  /** `disk` 2 = another one: what the first one knew is lost. */
  static async start(id: string, disk = 1): Promise<Shard> {
    const dataDirectory = await makeFolder(directory);
    const now = () => disk * 1_000;
    return new Shard(id, await ShardStore.open({ shardId: id, dataDirectory, now }));
  }

  private constructor(id: string, store: ShardStore) {
    this.#id = id;
    this.#store = store;
  }

  get held(): string[] {
    const assigned = [...this.#store.domains.values()].filter((domain) => domain.assigned);
    return assigned.map(({ key, value }) => `${key}=${value}`);
  }

  report(): ReportShardRequest {
    this.#cycle += 1;
    return reportOf({
      ...{ shardId: this.#id, address: `${this.#id}:1`, region: "", zone: "", cycle: this.#cycle },
      ...{ store: this.#store, acks: this.#acks.waiting(), tellsDomains: this.#isAsked, summary: undefined },
      sessions: { hasSession: () => false, doubleDials: () => ({ rows: [], leftOut: 0 }) },
      demand: { shortfalls: () => ({ rows: [], leftOut: 0 }) },
    });
  }

  obey(answer: ReportShardResponse): void {
    this.#acks.taken(this.#acks.waiting());
    const obeying = { store: this.#store, acks: this.#acks, hasSession: () => false, log: silent };
    this.#isAsked = obeyAnswer(answer, obeying).isAskedForDomains;
  }
}

let directory: string;
let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  directory = await makeFolder();
  ({ group, leader, context } = await ledGroup(3));
});
afterEach(async () => {
  group.close();
  await removeFolder(directory);
});

function ask(request: ReportShardRequest): Promise<ReportShardResponse> {
  const identity = { kind: "shard", id: request.shardId } as const;
  return group.until(reportShard(context, asItComes(request), { identity, deadline: group.nowMs + 5_000 }));
}

/** One report and its answer, which the shard follows. */
async function round(shard: Shard): Promise<{ readonly told: boolean; readonly asked: boolean }> {
  const report = shard.report();
  const told = report.heldDomains !== undefined;
  const answer = await ask(report);
  shard.obey(answer);
  return { told, asked: answer.askDomains };
}

async function rounds(count: number, ...shards: Shard[]): Promise<void> {
  for (let at = 0; at < count; at += 1) for (const shard of shards) await round(shard);
}

async function write(kind: OperationKind): Promise<void> {
  const operation: Operation = { kind };
  const settled = await group.propose(leader, operation);
  expect(settled).toMatchObject({ ok: true, result: { result: { $case: "applied" } } });
}

const entries = () => context.machine.view.appliedIndex;
const pending = () => [...context.machine.view.tables.instructions.rows()];

describe("the question", () => {
  test("is answered once a leadership, and nothing is written where nothing differs", async () => {
    const shard = await Shard.start("s1");
    expect(await round(shard)).toEqual({ told: false, asked: true });
    const before = entries();
    expect(await round(shard)).toEqual({ told: true, asked: false });
    expect(await round(shard)).toEqual({ told: false, asked: false });
    expect(entries()).toBe(before);
  });

  test("is asked anew by the next leader", async () => {
    const shard = await Shard.start("s1");
    await rounds(2, shard);
    const other = group.members.find((member) => member !== leader);
    for (const to of [other, leader]) {
      if (to === undefined) throw new Error("there are others");
      (await group.leader()).driver.transferLeader(to.id);
      const turn = turns(`${to.id} as leader`);
      while ((await group.leader()) !== to) {
        turn();
        await group.run(1);
      }
    }
    expect(await round(shard)).toEqual({ told: false, asked: true });
  });

  test("does no harm to a shard that does not know it", async () => {
    const shard = await Shard.start("s1");
    for (let at = 0; at < 3; at += 1) {
      const answer = await ask(shard.report());
      expect(answer.askDomains).toBe(true);
      shard.obey({ ...answer, askDomains: false });
    }
    await write(assign("rack", "r7", "s1"));
    await rounds(1, shard);
    expect(shard.held).toEqual(["rack=r7"]);
  });

  test("of an outdated leader is not answered", async () => {
    const shard = await Shard.start("s1");
    const answer = { instructions: [], domainInstructions: [], coordinators: [], askDomains: true };
    shard.obey({ ...answer, coordinatorTerm: 9 });
    expect(shard.report().heldDomains).toEqual({ domains: [] });
    shard.obey({ ...answer, coordinatorTerm: 8 });
    expect(shard.report().heldDomains).toBeUndefined();
  });
});

test("a shard that was removed by force and comes back lets go of what is another's now", async () => {
  const shards = [await Shard.start("s1"), await Shard.start("s3")] as const;
  const held = () => shards.map((shard) => shard.held);
  await rounds(2, ...shards);
  await write(assign("rack", "r7", "s3"));
  await rounds(2, ...shards);
  expect(held()).toEqual([[], ["rack=r7"]]);
  await write(removeShard("s3", true));
  await write(assign("rack", "r7", "s1"));
  await rounds(2, shards[0]);
  await write(activate("s3"));
  await rounds(3, ...shards);
  expect(held()).toEqual([["rack=r7"], []]);
  expect(pending()).toEqual([]);
  expect(listAudit(context.machine.view).at(-1)).toMatchObject({
    actor: `fleet://replica/${leader.id}`,
    what: "reconcile the domains of shard s3, which tells it to let go of rack=r7",
  });
});

test("a shard whose disk was lost is told again what it has", async () => {
  const before = await Shard.start("s1");
  await rounds(2, before);
  await write(assign("rack", "r7", "s1"));
  await rounds(2, before);
  expect(listDomains(context.machine.view)).toMatchObject([{ confirmedAtMs: expect.any(Number) }]);
  const after = await Shard.start("s1", 2);
  await rounds(1, after);
  expect(after.held).toEqual([]);
  await rounds(1, after);
  expect(after.held).toEqual(["rack=r7"]);
  await rounds(1, after);
  expect(pending()).toEqual([]);
});

test("a request with a list stays as it came", async () => {
  const shard = await Shard.start("s1");
  await rounds(1, shard);
  const request = shard.report();
  expect(request.heldDomains).toEqual({ domains: [] });
  await ask(request);
  expect(request.heldDomains).toEqual({ domains: [] });
});

// Counted by lookups, and not by the clock.
test("a long list is compared in turns of the event loop, however long it is", async () => {
  const shard = await Shard.start("s1");
  await rounds(1, shard);
  await write({ $case: "moveDomains", value: { moves: movesTo("s1", 4_096) } });
  const { domains } = context.machine.view.tables;
  const turns = [0];
  const get = domains.get.bind(domains);
  vi.spyOn(domains, "get").mockImplementation((key) => {
    turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1;
    return get(key);
  });
  const strayed = Array.from({ length: 9_000 }, (_, at) => ({ key: "gone", value: `v${at}`, sequence: 1 }));
  const request = { ...shard.report(), heldDomains: { domains: strayed } };
  let isOver = false;
  const answered = ask(request).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    expect(turns.length, "9 000 domains are reconciled in a few turns").toBeLessThan(10_000);
    await nextTurn();
    turns.push(0);
  }
  await answered;
  expect(turns.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(18_000);
  // Applying one full command is the most that a turn does.
  expect(Math.max(...turns)).toBeLessThanOrEqual(2 * 4_096);
});

const movesTo = (shardId: string, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    ...{ key: "zone", value: `v${at}`, shardId, expectedVersion: undefined },
  }));
