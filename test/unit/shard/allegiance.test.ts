// Whom a shard obeys: one incarnation's leaders by their terms, a later incarnation at once, and in a dispute whom an
// operator chooses.

import { beforeEach, describe, expect, test } from "vitest";
import { nextEpoch } from "../../../src/core/base/incarnation.ts";
import { AckOutbox } from "../../../src/core/shard/ack-outbox.ts";
import { type Allegiance, type Sender, standingOf } from "../../../src/core/shard/allegiance.ts";
import { obeyAnswer } from "../../../src/core/shard/answer.ts";
import { ShardStore } from "../../../src/core/shard/shard-store.ts";
import { InstructionKind, InstructionOutcome } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardResponse } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const A = { id: "a", epoch: 100 };
const B = { id: "b", epoch: 200 };
const obeys = (
  incarnation: Allegiance["incarnation"],
  term: number,
  givenUp: readonly string[] = [],
): Allegiance => ({
  incarnation,
  term,
  givenUp,
});

describe("who is followed", () => {
  const cases: readonly { by: Allegiance; sender: Sender; kind: string; why: string }[] = [
    {
      by: obeys(A, 9),
      sender: { incarnation: A, coordinatorTerm: 9 },
      kind: "obeyed",
      why: "the same leader",
    },
    {
      by: obeys(A, 9),
      sender: { incarnation: A, coordinatorTerm: 8 },
      kind: "outdated",
      why: "an older leader",
    },
    {
      by: obeys(A, 9),
      sender: { incarnation: B, coordinatorTerm: 2 },
      kind: "begins",
      why: "a later incarnation, whose terms went on from an older copy",
    },
    {
      by: obeys(B, 2),
      sender: { incarnation: A, coordinatorTerm: 9 },
      kind: "outdated",
      why: "a replica that was left behind, however high its term",
    },
    {
      by: obeys(A, 9),
      sender: { incarnation: { id: "c", epoch: 100 }, coordinatorTerm: 99 },
      kind: "outdated",
      why: "two with one epoch: it stays where it is",
    },
    {
      by: obeys(null, 9),
      sender: { incarnation: A, coordinatorTerm: 2 },
      kind: "begins",
      why: "what was heard before incarnations is older than any that was recorded",
    },
    {
      by: obeys(null, 9),
      sender: { incarnation: { id: "a", epoch: 0 }, coordinatorTerm: 8 },
      kind: "outdated",
      why: "an old fleet goes by its terms, as before",
    },
    {
      by: obeys(null, 9),
      sender: { incarnation: { id: "a", epoch: 0 }, coordinatorTerm: 9 },
      kind: "obeyed",
      why: "an old fleet that was upgraded",
    },
    {
      by: obeys({ id: "a", epoch: 0 }, 9),
      sender: { coordinatorTerm: 9 },
      kind: "obeyed",
      why: "an older build of its fleet leads",
    },
    {
      by: obeys(A, 9),
      sender: { coordinatorTerm: 99 },
      kind: "outdated",
      why: "no build that knows none leads a recovered fleet",
    },
    {
      by: obeys(A, 9, ["b"]),
      sender: { incarnation: B, coordinatorTerm: 9 },
      kind: "outdated",
      why: "an operator has given it up, whatever its epoch",
    },
    {
      by: obeys(B, 2),
      sender: { incarnation: A, coordinatorTerm: 9, giveUp: { ...B, term: 1 } },
      kind: "begins",
      why: "an operator has decided it",
    },
    {
      by: obeys(B, 2),
      sender: { incarnation: A, coordinatorTerm: 9, giveUp: { id: "c", epoch: 1, term: 1 } },
      kind: "outdated",
      why: "the decision was about another one",
    },
    {
      by: obeys(A, 2, ["b"]),
      sender: { incarnation: B, coordinatorTerm: 9, giveUp: { ...A, term: 2 } },
      kind: "begins",
      why: "a later decision undoes an earlier one",
    },
    {
      by: obeys(A, 9),
      sender: { incarnation: A, coordinatorTerm: 5, giveUp: { ...A, term: 9 } },
      kind: "begins",
      why: "its quorum has lost the end of its log",
    },
    {
      by: obeys(A, 10),
      sender: { incarnation: A, coordinatorTerm: 5, giveUp: { ...A, term: 9 } },
      kind: "outdated",
      why: "a leader that the operator has not seen",
    },
    {
      by: obeys(A, 6),
      sender: { incarnation: A, coordinatorTerm: 7, giveUp: { ...A, term: 9 } },
      kind: "obeyed",
      why: "the decision is done already",
    },
  ];
  test.each(cases)("$kind: $why", ({ by, sender, kind }) => expect(standingOf(sender, by).kind).toBe(kind));
});

let dataDirectory = "";
beforeEach(async () => {
  dataDirectory = await temporaryFolder();
});

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const open = () => ShardStore.open({ dataDirectory, shardId: "s1" });

/** What a leader says about cluster c1 and zone a. */
const answer = (
  sender: Partial<ReportShardResponse>,
  version: number,
  kind: "accept" | "release",
): ReportShardResponse =>
  ReportShardResponse.fromPartial({
    ...sender,
    instructions: [
      {
        ...{ clusterId: "c1", version },
        action:
          kind === "accept"
            ? { $case: "accept", value: {} }
            : { $case: "release", value: { toShard: "s2", toAddress: "h:2" } },
      },
    ],
    domainInstructions: [
      {
        ...{ shardId: "s1", key: "zone", value: "a", sequence: version },
        kind: kind === "accept" ? InstructionKind.ASSIGN_DOMAIN : InstructionKind.UNASSIGN_DOMAIN,
      },
    ],
  });

async function shard() {
  const store = await open();
  const acks = new AckOutbox();
  const hear = (said: ReportShardResponse) => {
    const obeying = { store, acks, hasSession: () => false, log: silent };
    const { hasChanged } = obeyAnswer(said, obeying);
    const [ack] = acks.waiting();
    return {
      hasChanged,
      c1: store.bindings.get("c1")?.kind,
      hasZone: [...store.domains.values()][0]?.assigned,
      ack,
    };
  };
  return { store, acks, hear };
}

describe("two restores of one copy, on hosts whose clocks are wrong", () => {
  const HOUR_MS = 3_600_000;
  const NOW_MS = Date.UTC(2026, 10, 22);
  // The copy ends at index 100 in term 3. The fleet went on to index 150 and term 9, and gave c1 to s1 at index 140.
  const copy = { epoch: 0, newestMs: NOW_MS - 60_000 };
  const lost = { coordinatorTerm: 9, incarnation: { id: "lost", epoch: 0 } };
  const restored = (id: string, clockMs: number) => ({
    coordinatorTerm: 4,
    incarnation: { id, epoch: nextEpoch(copy, clockMs) },
  });

  test.each([
    { first: NOW_MS, second: NOW_MS + 5 * 60_000, follows: "second", why: "both clocks are right" },
    {
      first: NOW_MS - HOUR_MS,
      second: NOW_MS,
      follows: "second",
      why: "the first host's was an hour behind",
    },
    { first: NOW_MS + HOUR_MS, second: NOW_MS, follows: "first", why: "the first host's was an hour ahead" },
    { first: NOW_MS, second: NOW_MS - HOUR_MS, follows: "first", why: "the second host's is an hour behind" },
    { first: 0, second: 0, follows: "first", why: "neither host has a clock: one epoch, a dispute" },
  ])("a shard follows the $follows: $why", async ({ first, second, follows }) => {
    const { store, acks, hear } = await shard();
    hear(answer(lost, 140, "accept"));
    acks.clear();
    // Index 102 is below what was obeyed, and means something else.
    expect(hear(answer(restored("first", first), 102, "release"))).toMatchObject({
      c1: "released",
      hasZone: false,
    });
    acks.clear();
    const heard = hear(answer(restored("second", second), 102, "accept"));
    const isFollowed = follows === "second";
    expect(heard).toMatchObject(
      isFollowed ? { c1: "bound", hasZone: true } : { c1: "released", hasZone: false },
    );
    const { ACCEPTED, REJECTED_STALE } = InstructionOutcome;
    expect(heard.ack?.outcome).toBe(isFollowed ? ACCEPTED : REJECTED_STALE);
    expect(store.allegiance.incarnation?.id).toBe(follows);
    // The lost future never comes back, whatever its term.
    expect(hear(answer({ ...lost, coordinatorTerm: 900 }, 900, "release")).c1).toBe(heard.c1);
  });

  test("an operator settles it: the shard obeys the other one, also after a restart, and the first never again", async () => {
    const { store, acks, hear } = await shard();
    const [ahead, right] = [restored("ahead", NOW_MS + HOUR_MS), restored("right", NOW_MS)];
    hear(answer({ ...ahead, coordinatorTerm: 70 }, 170, "release"));
    expect(hear(answer(right, 102, "accept")).c1).toBe("released");
    acks.clear();
    const giveUp = { ...ahead.incarnation, term: 70 };
    const settled = hear(answer({ ...right, giveUp }, 102, "accept"));
    expect(settled).toMatchObject({ hasChanged: true, c1: "bound", hasZone: true });
    expect(settled.ack?.outcome).toBe(InstructionOutcome.ACCEPTED);
    await store.durable();
    const again = await shard();
    expect(again.store.allegiance).toEqual({ incarnation: right.incarnation, term: 4, givenUp: ["ahead"] });
    expect(again.hear(answer({ ...ahead, coordinatorTerm: 71 }, 171, "release")).c1).toBe("bound");
    expect(again.hear(answer(right, 103, "release")).c1).toBe("released");
  });
});

test("an answer to another incarnation's instruction is not told to the one that is obeyed now", async () => {
  const { acks, hear } = await shard();
  hear(answer({ coordinatorTerm: 9, incarnation: A }, 140, "accept"));
  expect(acks.waiting()).toHaveLength(1);
  hear(ReportShardResponse.fromPartial({ coordinatorTerm: 2, incarnation: B }));
  expect(acks.waiting()).toEqual([]);
});

test("a first contact stays one, and a former owner stays one, when another incarnation begins", async () => {
  const { store, hear } = await shard();
  store.set("c2", { kind: "bound", version: 0 });
  hear(answer({ coordinatorTerm: 9, incarnation: A }, 140, "accept"));
  hear(ReportShardResponse.fromPartial({ coordinatorTerm: 2, incarnation: B }));
  expect([...store.bindings].map(([cluster, { version }]) => [cluster, version])).toEqual([
    ["c2", 0],
    ["c1", 1],
  ]);
});
