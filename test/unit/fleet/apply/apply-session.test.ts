import { describe, expect, test } from "vitest";
import { OUTCOMES_PER_SESSION_MAX, SESSIONS_MAX } from "../../../../src/core/fleet/limits.ts";
import { listProbes } from "../../../../src/core/fleet/query.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { turns } from "../../../turns.ts";
import { bind, brief, open, probe, Replica, register } from "../replica.ts";

function withSession(): { replica: Replica; sessionId: number } {
  const replica = new Replica().applyAll([register("s1"), register("s2")]);
  return { replica, sessionId: replica.apply(open()).index };
}

describe("exactly once", () => {
  test("a session's id is the index of the entry that opened it", () => {
    const replica = new Replica().applyAll([register("s1")]);
    expect(brief(replica.apply(open()))).toBe("changed v2");
  });

  test("a repeated write gets its first outcome and changes no row", () => {
    const { replica, sessionId } = withSession();
    const first = replica.apply(probe("d1", 1), { sessionId, sequence: 1 });
    const hash = replica.state.hash();
    const again = replica.apply(probe("d1", 1), { sessionId, sequence: 1, atMs: 9_999 });
    expect(again).toEqual(first);
    expect(replica.state.hash()).toBe(hash);
    expect(listProbes(replica.state, "d1")).toMatchObject([{ number: 1, applications: 1 }]);
  });

  test("the same write without a session is applied twice, which probes show", () => {
    const replica = new Replica().applyAll([probe("d1", 1), probe("d1", 1)]);
    expect(listProbes(replica.state, "d1")).toMatchObject([{ number: 1, applications: 2, firstIndex: 1 }]);
  });

  test("a refusal is remembered: the repetition fails as the first did, though it now could succeed", () => {
    const { replica, sessionId } = withSession();
    const first = replica.apply(bind("c1", "s3"), { sessionId, sequence: 1 });
    replica.apply(register("s3"));
    expect(brief(first)).toBe("SHARD_UNKNOWN shard=s3");
    expect(replica.apply(bind("c1", "s3"), { sessionId, sequence: 1 })).toEqual(first);
    expect(brief(replica.apply(bind("c1", "s3"), { sessionId, sequence: 2 }))).toBe("changed v7");
  });

  test("sequences may arrive out of order", () => {
    const { replica, sessionId } = withSession();
    expect(brief(replica.apply(probe("d1", 2), { sessionId, sequence: 2 }))).toBe("changed v1");
    expect(brief(replica.apply(probe("d1", 1), { sessionId, sequence: 1 }))).toBe("changed v1");
  });

  test("two sessions may use the same sequence", () => {
    const { replica, sessionId } = withSession();
    const other = replica.apply(open()).index;
    replica.apply(probe("d1", 1), { sessionId, sequence: 1 });
    expect(brief(replica.apply(probe("d1", 1), { sessionId: other, sequence: 1 }))).toBe("changed v2");
  });
});

describe("what is not admitted leaves no trace", () => {
  test.each([
    {
      sequence: 2,
      is: "SEQUENCE_FORGOTTEN first_outstanding=3 sequence=2",
      why: "its client had its outcome",
    },
    { sequence: 0, is: "SEQUENCE_FORGOTTEN first_outstanding=3 sequence=0", why: "below everything" },
    {
      sequence: 5,
      firstOutstanding: 6,
      is: "INVALID_SEQUENCE sequence=5",
      why: "a write that is not outstanding could not be remembered",
    },
    { sessionId: 999, sequence: 1, is: "SESSION_EXPIRED session=999", why: "no such session" },
  ])("$is: $why", ({ is, why: _, ...headers }) => {
    const { replica, sessionId } = withSession();
    for (const sequence of [1, 2, 3]) {
      replica.apply(probe("d1", sequence), { sessionId, sequence, firstOutstanding: sequence });
    }
    const hash = replica.state.hash();
    expect(brief(replica.apply(probe("d1", 9), { sessionId, ...headers }))).toBe(is);
    expect(replica.state.hash()).toBe(hash);
  });

  test("a first sequence of 0 is invalid", () => {
    const { replica, sessionId } = withSession();
    expect(brief(replica.apply(probe("d1", 1), { sessionId, sequence: 0 }))).toBe(
      "INVALID_SEQUENCE sequence=0",
    );
  });

  test("a session is not opened within a session", () => {
    const { replica, sessionId } = withSession();
    const outcome = replica.apply(open(), { sessionId, sequence: 1 });
    expect(brief(outcome)).toBe(`SESSION_IN_SESSION session=${sessionId}`);
  });
});

test("outcomes below the first outstanding sequence are forgotten, the others kept", () => {
  const { replica, sessionId } = withSession();
  const third = [1, 2, 3].map((sequence) => replica.apply(probe("d1", sequence), { sessionId, sequence }))[2];
  replica.apply(probe("d1", 4), { sessionId, sequence: 4, firstOutstanding: 3 });
  expect(replica.state.tables.outcomes.size).toBe(2);
  expect(replica.apply(probe("d1", 3), { sessionId, sequence: 3 })).toEqual(third);
  expect(replica.state.tables.sessions.get(sessionId)).toMatchObject({
    firstOutstanding: 3,
    outcomeCount: 2,
  });
});

test.each([
  { writes: [], last: 0, why: "it has written nothing" },
  {
    writes: [
      [1, 1],
      [2, 2],
    ],
    last: 2,
    why: "",
  },
  {
    writes: [
      [2, 1],
      [1, 1],
    ],
    last: 2,
    why: "the highest, not the one that came last",
  },
  {
    writes: [
      [2, 1],
      [1, 1],
      [3, 3],
    ],
    last: 3,
    why: "a later write confirms those before it",
  },
] as const)(
  "a session's last sequence after $writes is $last, also from a snapshot: $why",
  ({ writes, last }) => {
    const { replica, sessionId } = withSession();
    for (const [sequence, firstOutstanding] of writes) {
      replica.apply(probe("d1", 1), { sessionId, sequence, firstOutstanding });
    }
    const restored = decodeSnapshot(encodeSnapshot(replica.state));
    for (const state of [replica.state, restored.ok ? restored.state : null]) {
      expect(state?.tables.sessions.get(sessionId)?.lastSequence).toBe(last);
    }
  },
);

test("a full window refuses new writes, answers old ones, and opens with a confirmation", () => {
  const { replica, sessionId } = withSession();
  for (let sequence = 1; sequence <= OUTCOMES_PER_SESSION_MAX; sequence++) {
    replica.apply(probe("d1", sequence), { sessionId, sequence, firstOutstanding: 1 });
  }
  const next = { sessionId, sequence: OUTCOMES_PER_SESSION_MAX + 1 };
  const full = replica.apply(probe("d1", 0), { ...next, firstOutstanding: 1 });
  expect(brief(full)).toBe(`SESSION_WINDOW_FULL limit=${OUTCOMES_PER_SESSION_MAX} session=${sessionId}`);
  expect(brief(replica.apply(probe("d1", 1), { sessionId, sequence: 1 }))).toBe("changed v1");
  expect(brief(replica.apply(probe("d1", 0), { ...next, firstOutstanding: 2 }))).toBe("changed v1");
  expect(replica.state.tables.outcomes.size).toBe(OUTCOMES_PER_SESSION_MAX);
});

test("at the limit of sessions the least recently used one makes room, with all its outcomes", () => {
  const replica = new Replica();
  const idle = replica.apply(open()).index;
  replica.apply(probe("d1", 1), { sessionId: idle, sequence: 1 });
  const busy = replica.apply(open()).index;
  const next = replica.apply(open()).index;
  const turn = turns("the limit of sessions", 2 * SESSIONS_MAX);
  while (replica.state.tables.sessions.size < SESSIONS_MAX) {
    turn();
    replica.apply(open());
  }
  const write = replica.apply(probe("d1", 2), { sessionId: busy, sequence: 1 });

  replica.apply(open());
  expect(replica.state.tables.sessions.size).toBe(SESSIONS_MAX);
  expect(brief(replica.apply(probe("d1", 1), { sessionId: idle, sequence: 1 }))).toContain("SESSION_EXPIRED");
  expect(replica.state.tables.outcomes.size).toBe(1);

  replica.apply(open());
  expect(brief(replica.apply(probe("d1", 3), { sessionId: next, sequence: 1 }))).toContain("SESSION_EXPIRED");
  expect(replica.apply(probe("d1", 2), { sessionId: busy, sequence: 1 })).toEqual(write);
});
