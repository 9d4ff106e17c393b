import { expect, test } from "vitest";
import { awaitCoolDown } from "../../../../src/client/drill/cool-down.ts";
import type { FleetStatus } from "../../../../src/client/fleet-status.ts";
import { NodeStatus } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";

/** The leader has led for `ageMs` when the test begins; null: its build does not say. Or there is no leader. */
type Said = { readonly ageMs: number | null } | "no leader";

function fleet(said: Said, now: number): FleetStatus {
  const ageMs = said === "no leader" ? null : said.ageMs;
  const vitals = ageMs === null ? undefined : { reigns: [{ leaderId: 1, term: 3, fromAgeMs: ageMs + now }] };
  const status = NodeStatus.fromPartial({ nodeId: 1, term: 3, ...(vitals === undefined ? {} : { vitals }) });
  const leader = said === "no leader" ? null : 1;
  return { leader, nodes: [{ nodeId: 1, status }] } as unknown as FleetStatus;
}

async function waited(said: readonly Said[], quietMs = 5_000) {
  let now = 0;
  let looks = 0;
  const texts: string[] = [];
  await awaitCoolDown({
    quietMs,
    status: async () => fleet(said[Math.min(looks++, said.length - 1)] ?? "no leader", now),
    clock: { now: () => now, sleep: async () => undefined },
    pause: async (ms) => {
      now += ms;
    },
    onWait: (text) => void texts.push(text),
  });
  return { now, texts };
}

test.each([
  { said: { ageMs: 5_000 }, ms: 0, why: "it has led long enough" },
  { said: { ageMs: null }, ms: 0, why: "an older build does not say, and is not waited for" },
  { said: { ageMs: 1_200 }, ms: 3_800, why: "the rest of the cool-down" },
] as const)("$ms ms: $why", async ({ said, ms }) => {
  const { now, texts } = await waited([said]);
  expect(now).toBe(ms);
  expect(texts).toEqual(ms === 0 ? [] : ["cool-down: the leader was elected 1.2 s ago, waiting 3.8 s"]);
});

test("without a leader it says so, and waits the whole cool-down of the one that comes", async () => {
  const { now, texts } = await waited(["no leader", { ageMs: -500 }]);
  expect(texts).toEqual(["cool-down: there is no leader yet, waiting for one and then 5.0 s"]);
  expect(now).toBe(5_500);
});

test("an election meanwhile begins it anew", async () => {
  expect((await waited([{ ageMs: 4_800 }, { ageMs: -200 }])).now).toBe(5_200);
});

test("a drill that wants none does not wait", async () => {
  expect((await waited([{ ageMs: 0 }], 0)).now).toBe(0);
});

test("a fleet that finds no steady leader is refused", async () => {
  await expect(waited(["no leader"])).rejects.toMatchObject({ code: "LEADER_NOT_STEADY" });
});
