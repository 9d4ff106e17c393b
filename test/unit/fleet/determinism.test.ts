// Two replicas are fed the same random commands; one of them is snapshot and restored at random points. Both must
// give the same outcomes, hashes and changes throughout.

import { expect, test } from "vitest";
import { logIndex } from "../../../src/core/base/ids.ts";
import { type Prng, SeededPrng } from "../../../src/core/base/prng.ts";
import { apply } from "../../../src/core/fleet/apply.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../src/core/fleet/snapshot/snapshot.ts";
import { FleetState } from "../../../src/core/fleet/state.ts";
import { Command, LogLevel, MemberKind, PlanStepState } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import * as make from "./replica.ts";

const STEPS = 1_500;
const SEEDS = [1, 2, 3, 4, 5, 6];
/** What commands came to, by the seed of a run. */
const seenBy = new Map<number, ReadonlySet<string>>();

function randomOperation(random: Prng): make.OperationKind {
  const name = (prefix: string, count: number) => `${prefix}${random.below(count)}`;
  const shard = () => name("s", 5);
  const version = () => [undefined, 0, random.below(STEPS)][random.below(3)];
  const domain = (to: string, expected: number | undefined): [string, string, string, number?] =>
    expected === undefined ? ["k1", name("v", 4), to] : ["k1", name("v", 4), to, expected];
  const outcome = () => ([1, 2, 3, 4] as const)[random.below(4)];
  const kinds: (() => make.OperationKind)[] = [
    () => make.open(),
    () => make.register(shard(), name("host:", 2), random.below(4)),
    () => make.bind(name("c", 8), shard()),
    () => make.unbind(name("c", 8), random.below(2) === 0, version()),
    () => make.begin(name("c", 8), shard(), shard(), name("m", 4), random.below(2) === 0 ? "" : name("m", 4)),
    () => make.settle(name("c", 8), name("m", 4)),
    () => make.assign(name("k", 2), name("v", 4), shard(), version()),
    () => make.unassign(name("k", 2), name("v", 4), version()),
    () => make.probe(name("d", 2), random.below(20)),
    () => make.clear(name("d", 2)),
    () => make.member(random.below(4), random.below(2) === 0 ? MemberKind.VOTER : MemberKind.LEARNER),
    () => make.bind(name("not a name", 3), shard()),
    // Mostly back to work, or there would be no shard left to move anything to.
    () => (random.below(2) === 0 ? make.drain(shard(), version()) : make.activate(shard())),
    () => (random.below(8) === 0 ? make.removeShard(shard(), random.below(4) === 0) : make.activate(shard())),
    () => make.move(domain(shard(), version()), domain("", version()), domain(shard(), version())),
    () => make.answer(shard(), ["k1", name("v", 4)], random.below(STEPS), outcome()),
    () => make.reconcile(shard(), [["k1", name("v", 4), random.below(STEPS)]], [["k1", name("v", 4)]]),
    () => make.provider(name("p", 2), random.below(50)),
    () => make.quota(name("p", 2), name("r", 2), random.below(30), { [shard()]: random.below(20) }),
    () => (random.below(9) > 0 ? make.gate("first-contact", random.below(2) === 0) : groupOperation(random)),
    () => (random.below(3) === 0 ? make.exported(random.below(STEPS)) : labelOperation(random, name, shard)),
    () =>
      random.below(40) === 0 ? make.forgetShard(shard()) : make.logLevel(random.below(4), LogLevel.DEBUG),
    ...planOperations(random, name, shard),
  ];
  return kinds[random.below(kinds.length)]?.() ?? make.open();
}

function labelOperation(
  random: Prng,
  name: (prefix: string, count: number) => string,
  shard: () => string,
): make.OperationKind {
  if (random.below(2) === 0) return make.labelShard(shard(), { [name("k", 3)]: name("v", 3) });
  return make.labelCluster(name("c", 8), { [name("k", 3)]: name("v", 3) }, [name("k", 3)]);
}

function groupOperation(random: Prng): make.OperationKind {
  if (random.below(2) === 0) return make.foundGroups(random.below(4), 1 + random.below(4));
  return make.createGroup(random.below(4), [1 + random.below(3), 4]);
}

/** Of the runners of this seed's plans, the newest last. */
const STATES = Object.values(PlanStepState);
const fences: number[] = [];

/** Plans over the same clusters, by runners that are current or were replaced. */
function planOperations(
  random: Prng,
  name: (prefix: string, count: number) => string,
  shard: () => string,
): (() => make.OperationKind)[] {
  const plan = () => name("p", 4);
  const fence = () => [0, ...fences.slice(-3)][random.below(4)] ?? 0;
  const state = () => STATES[random.below(STATES.length)] ?? PlanStepState.UNSPECIFIED;
  const step = () => `${name("c", 8)} ${shard()} ${shard()} ${1 + random.below(STEPS)}`;
  return [
    () => make.createPlan(plan(), 1 + random.below(3), 1 + random.below(2)),
    () => make.addSteps(plan(), 1 + random.below(3), step()),
    () => make.takePlan(plan(), fence(), random.below(4) === 0),
    () => make.renewPlan(plan(), fence()),
    () => make.pausePlan(plan(), random.below(2) === 0 ? "" : "STEP_FAILED", fence()),
    () => (random.below(3) === 0 ? make.endPlan(plan(), fence()) : make.takePlan(plan(), fence())),
    () => make.advance(plan(), fence(), name("c", 8), state(), "TIMED_OUT"),
    () => make.advance(plan(), fences.at(-1) ?? 0, name("c", 8), state(), "TIMED_OUT"),
  ];
}

function randomCommand(random: Prng, sessions: readonly number[]): Command {
  const inSession = random.below(3) > 0;
  const sequence = random.below(40);
  return make.command(randomOperation(random), {
    sessionId: inSession ? (sessions[random.below(sessions.length)] ?? random.below(50)) : 0,
    sequence,
    firstOutstanding: Math.max(0, sequence - random.below(20)),
    atMs: random.below(1_000_000),
    reason: `reason ${random.below(9)}`,
  });
}

function restarted(state: FleetState): FleetState {
  const result = decodeSnapshot(encodeSnapshot(state.capture()));
  if (!result.ok) throw new Error(result.message);
  return result.state;
}

/** Each seed is run once, by the first test that asks for it. */
function seenIn(seed: number): ReadonlySet<string> {
  const seen = seenBy.get(seed) ?? run(seed);
  seenBy.set(seed, seen);
  return seen;
}

function run(seed: number): ReadonlySet<string> {
  const seen = new Set<string>();
  const random = new SeededPrng(seed);
  const steady = new FleetState();
  let interrupted = new FleetState();
  const sessions: number[] = [];
  fences.length = 0;
  for (let step = 1; step <= STEPS; step++) {
    const index = logIndex(step);
    const command = randomCommand(random, sessions);
    // What a replica applies went through the log as bytes.
    const entry = Command.decode(Command.encode(command).finish());
    const outcome = apply(steady, index, command);
    expect(apply(interrupted, index, entry)).toEqual(outcome);
    expect(interrupted.hash()).toBe(steady.hash());
    expect(interrupted.takeChanges(), "watchers are told the same").toEqual(steady.takeChanges());
    seen.add(make.brief(outcome).split(" ")[0] ?? "");
    const isTaken = outcome.result?.$case === "applied" && command.operation?.kind?.$case === "takePlan";
    if (isTaken) fences.push(outcome.index);
    const opened = outcome.result?.$case === "applied" && command.operation?.kind?.$case === "openSession";
    if (opened) sessions.push(outcome.index);
    if (random.below(60) === 0) interrupted = restarted(interrupted);
  }
  expect(encodeSnapshot(interrupted)).toEqual(encodeSnapshot(steady));
  return seen;
}

test.each(SEEDS)("seed %i", (seed) => {
  expect(seenIn(seed).size).toBeGreaterThan(0);
});

test("the runs come through the paths that could differ", () => {
  const seen = new Set(SEEDS.flatMap((seed) => [...seenIn(seed)]));
  for (const reason of [
    "changed",
    "unchanged",
    "SEQUENCE_FORGOTTEN",
    "MIGRATION_UNDER_WAY",
    "VERSION_CONFLICT",
    "SHARD_DRAINING",
    "SHARD_REMOVED",
    "SHARD_IN_USE",
    "BATCH_REFUSED",
    "QUOTA_EXCEEDED",
    "INDEX_UNKNOWN",
    "CLUSTER_CLAIMED",
    "PLAN_FENCED",
    "PLAN_ENDED",
    "STEP_STATE_INVALID",
    "GROUP_EXISTS",
  ]) {
    expect(seen).toContain(reason);
  }
});
