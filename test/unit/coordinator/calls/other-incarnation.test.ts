// What comes from an abandoned future of the cluster. Sessions, indexes, revisions and shards' answers of another
// incarnation are refused, or taken for what they are. The cluster here is called "test".

import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { shardsList } from "../../../../src/core/coordinator/services/lists/lists.ts";
import { reportShard } from "../../../../src/core/coordinator/services/report-shard.ts";
import { watching } from "../../../../src/core/coordinator/services/watch/watch.ts";
import { submit } from "../../../../src/core/coordinator/services/writes/submit.ts";
import { InstructionOutcome, type Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ListRequest,
  ReportShardRequest,
  SubmitRequest,
  WatchRequest,
  type WatchResponse,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState, WatchReset } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { type Member, registerShard, type TestGroup } from "../group.ts";
import { adminOf, asItComes, ledGroup, refusalOf } from "../service-context.ts";

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
});
afterEach(() => group.close());

const EPOCH = 500;
const LOST = { id: "lost", epoch: 400 };

/** As the first entry of a recovery leaves it. */
const recover = () =>
  group.propose(leader, {
    kind: {
      $case: "recoverFleet",
      value: {
        ...{
          nodeId: 1,
          formerClusterId: LOST.id,
          clusterId: "test",
          committedIndex: 1,
          lastIndex: 1,
          lostGroups: [],
          address: "",
        },
        incarnation: { id: "test", epoch: EPOCH },
      },
    },
  });

const submitting = (differs: Partial<SubmitRequest>) =>
  submit(context, SubmitRequest.fromPartial({ operation: registerShard("s9"), ...differs }), adminOf(group));

describe("writes", () => {
  test.each([
    { differs: { sessionId: 5, sequence: 7, incarnation: LOST.id }, why: "in a session" },
    { differs: { incarnation: LOST.id }, why: "outside of any" },
    { differs: { incarnation: LOST.id, dryRun: true }, why: "that is only tried" },
  ])("of another incarnation are refused, and change nothing: $why", async ({ differs }) => {
    const { appliedIndex } = context.driver;
    expect(await refusalOf(group, submitting(differs))).toBe("INCARNATION_CHANGED");
    expect(context.driver.appliedIndex).toBe(appliedIndex);
  });

  test("of this one are taken; who opens a session is told which one it is", async () => {
    const openSession: Operation = { kind: { $case: "openSession", value: {} } };
    const opened = await group.until(submitting({ operation: openSession }));
    expect(opened.incarnation).toBe("test");
    const sessionId = opened.applied?.version ?? 0;
    const inSession = { sessionId, sequence: 1, firstOutstanding: 1, incarnation: "test" };
    expect((await group.until(submitting(inSession))).applied?.changed).toBe(true);
  });

  test("a client that says none is answered, as before; a session of the lost future is unknown", async () => {
    await recover();
    const opened = await group.until(
      submitting({ operation: { kind: { $case: "openSession", value: {} } } }),
    );
    const lostId = opened.index;
    expect(opened.applied?.version).not.toBe(lostId);
    const ofLost = { sessionId: lostId, sequence: 3, firstOutstanding: 3 };
    expect(await refusalOf(group, submitting(ofLost))).toBe("SESSION_EXPIRED");
  });
});

describe("reads", () => {
  const listing = (differs: Partial<ListRequest>) =>
    shardsList(context, ListRequest.fromPartial(differs), adminOf(group));

  test("at least at an index of another incarnation are refused, though the index is reached", async () => {
    const consistency = { $case: "atLeastIndex", value: 1 } as const;
    expect(await refusalOf(group, listing({ consistency, incarnation: LOST.id }))).toBe(
      "INCARNATION_CHANGED",
    );
    const { stamp } = await group.until(listing({ consistency, incarnation: "test" }));
    expect(stamp?.incarnation).toBe("test");
  });
});

class TestCall extends EventEmitter {
  readonly told: WatchResponse[] = [];
  cancelled = false;
  readonly writableNeedDrain = false;
  readonly request: WatchRequest;
  constructor(request: Partial<WatchRequest>) {
    super();
    this.request = WatchRequest.fromPartial(request);
  }
  write(response: WatchResponse): boolean {
    this.told.push(response);
    return true;
  }
}

describe("watches", () => {
  async function beginningOf(request: Partial<WatchRequest>): Promise<WatchResponse | undefined> {
    const call = new TestCall(request);
    await group.until(watching(context)(call as never, adminOf(group)));
    call.emit("close");
    return call.told[0];
  }

  test.each([
    {
      recovered: false,
      incarnation: LOST.id,
      reset: WatchReset.INCARNATION,
      why: "another fleet's, or an abandoned future's",
    },
    { recovered: false, incarnation: "test", reset: WatchReset.UNSPECIFIED, why: "it is this one's" },
    {
      recovered: false,
      incarnation: undefined,
      reset: WatchReset.UNSPECIFIED,
      why: "an older client, and this fleet never began anew",
    },
    {
      recovered: true,
      incarnation: undefined,
      reset: WatchReset.INCARNATION,
      why: "an older client's may be of the abandoned future",
    },
    { recovered: true, incarnation: "test", reset: WatchReset.UNSPECIFIED, why: "it was told here" },
  ])(
    "after revision 2 of $incarnation (recovered: $recovered): $why",
    async ({ recovered, incarnation, reset }) => {
      await (recovered ? recover() : group.propose(leader, registerShard("s1")));
      const revision = context.driver.appliedIndex;
      const first = await beginningOf({ afterRevision: 2, incarnation });
      const isReset = reset !== WatchReset.UNSPECIFIED;
      expect(first).toMatchObject({ reset: isReset, resetReason: reset, incarnation: "test" });
      expect(first?.revision).toBe(isReset ? revision : 2);
    },
  );
});

describe("shards", () => {
  const request = (cycle: number, differs: Partial<ReportShardRequest>) =>
    ReportShardRequest.fromPartial({ shardId: "s1", address: "s1:1", epoch: 1, cycle, ...differs });
  const caller = () => ({ identity: { kind: "shard", id: "s1" } as const, deadline: group.nowMs + 5_000 });
  const report = (asked: ReportShardRequest) => group.until(reportShard(context, asItComes(asked), caller()));
  const row = () => context.machine.view.tables.shards.get("s1");

  test("are told the incarnation that answers", async () => {
    expect((await report(request(1, {}))).incarnation).toEqual({ id: "test", epoch: 0 });
    await recover();
    expect((await report(request(2, {}))).incarnation).toEqual({ id: "test", epoch: EPOCH });
  });

  test("a version that another incarnation gave out is older than all that this one has given", async () => {
    await group.propose(leader, registerShard("s2"));
    await report(request(1, {}));
    await group.propose(leader, {
      kind: { $case: "bindCluster", value: { clusterId: "c1", shardId: "s2" } },
    });
    const bindings = [{ clusterId: "c1", state: BindingState.BOUND, version: 9_000, session: false }];
    const told = await report(request(2, { bindings, incarnation: LOST, coordinatorTerm: 70 }));
    expect(told.instructions).toMatchObject([{ clusterId: "c1", action: { $case: "release" } }]);
    expect(context.observed.report("s1")?.bindings.get("c1")?.version).toBe(1);
  });

  test("an answer to another incarnation's instruction settles none of this one's", async () => {
    await report(request(1, {}));
    await group.propose(leader, {
      kind: { $case: "assignDomain", value: { key: "zone", value: "a", shardId: "s1" } },
    });
    const [told] = (await report(request(2, {}))).domainInstructions;
    const ack = {
      key: "zone",
      value: "a",
      sequence: told?.sequence ?? 0,
      outcome: InstructionOutcome.ACCEPTED,
      detail: "",
    };
    await report(request(3, { acks: [ack], incarnation: LOST }));
    expect(context.machine.view.tables.instructions.size).toBe(1);
    await report(request(4, { acks: [ack], incarnation: { id: "test", epoch: 0 } }));
    expect(context.machine.view.tables.instructions.size).toBe(0);
  });

  describe("that obey another incarnation", () => {
    const elsewhere = { incarnation: { id: "ahead", epoch: 900 }, coordinatorTerm: 70 };
    const givenUp = { ...elsewhere.incarnation, term: 70 };
    const adopt = (differs: object = {}): Operation => ({
      kind: { $case: "adoptShard", value: { shardId: "s1", givenUp: { ...givenUp, ...differs } } },
    });
    const adopting = (operation: Operation) => submitting({ operation, reason: "the other was a test" });
    beforeEach(recover);

    test("are adopted once: told until they obey, and then no more", async () => {
      await report(request(1, elsewhere));
      expect((await group.until(adopting(adopt()))).applied?.changed).toBe(true);
      for (const cycle of [2, 3]) expect((await report(request(cycle, elsewhere))).giveUp).toEqual(givenUp);
      const obeys = { incarnation: { id: "test", epoch: EPOCH }, coordinatorTerm: 1 };
      expect((await report(request(4, obeys))).giveUp).toBeUndefined();
      expect(row()?.givingUp).toBeUndefined();
      const audit = [...context.machine.view.tables.audit.rows()].at(-1);
      expect(audit).toMatchObject({ actor: "fleet://admin", reason: "the other was a test" });
    });

    test.each([
      {
        reported: null,
        differs: {},
        reason: "SHARD_UNHEARD",
        why: "this leader does not know whom it obeys",
      },
      {
        reported: { incarnation: { id: "test", epoch: EPOCH }, coordinatorTerm: 1 },
        differs: {},
        reason: "SHARD_OBEYS",
        why: "there is nothing to be settled",
      },
      {
        reported: elsewhere,
        differs: { id: "other" },
        reason: "ADOPTION_OUTDATED",
        why: "it obeys something else than the operator saw",
      },
    ])("are not adopted, with $reason: $why", async ({ reported, differs, reason }) => {
      await group.propose(leader, registerShard("s1"));
      if (reported !== null) await report(request(1, { ...reported, address: "s1:1" }));
      expect(await refusalOf(group, adopting(adopt(differs)))).toBe(reason);
      expect(row()?.givingUp).toBeUndefined();
    });
  });
});
