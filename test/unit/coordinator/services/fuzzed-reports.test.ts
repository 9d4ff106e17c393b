// Reports that no sound shard sends, by seed: extreme numbers, unknown enums, texts of attacks, lists of any length. Each is
// answered or refused with a reason, no assertion is reached, and all replicas continue alike (issue 11).

import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { reportShard } from "../../../../src/core/coordinator/services/report-shard.ts";
import { ReportShardRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { RpcError, readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { hostileTexts } from "../../base/hostile-text.ts";
import { asItComes, ledGroup } from "../service-context.ts";

const REPORTS = 100;
const SEEDS = Array.from({ length: 12 }, (_, at) => at + 1);

class Fuzzer {
  readonly #prng: SeededPrng;
  readonly #texts: readonly string[];

  constructor(seed: number) {
    this.#prng = new SeededPrng(seed);
    this.#texts = hostileTexts(seed, 50);
  }

  pick<Value>(...values: readonly Value[]): Value {
    return values[this.#prng.below(values.length)] as Value;
  }

  /** What one report in thirty has makes its shard outdated for ever, or refuses the whole report. */
  mostly<Value>(sound: Value, odd: Value): Value {
    return this.#prng.below(30) === 0 ? odd : sound;
  }

  number(): number {
    return this.pick(0, 1, 2, 7, 2 ** 31, 2 ** 32 - 1, 2 ** 52, Number.MAX_SAFE_INTEGER);
  }

  name(): string {
    return this.pick("s1", "s2", "c1", "c2", "c3", "rack", "r1", "", "x".repeat(300), this.text());
  }

  text(): string {
    return this.pick(...this.#texts, "", "x".repeat(5_000));
  }

  list<Row>(row: () => Row): Row[] {
    return Array.from({ length: this.pick(0, 0, 1, 2, 5, 150) }, row);
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.list(() => [this.name(), this.number()] as const));
  }

  report(cycle: number): ReportShardRequest {
    const labels = () => Object.fromEntries(this.list(() => [this.name(), this.text()] as const));
    const outcome = () => this.pick(-1, 0, 1, 2, 3, 4, 99) as never;
    return ReportShardRequest.fromPartial({
      shardId: this.mostly(`s${this.#prng.below(20)}`, this.name()),
      address: this.mostly("s:1", this.text()),
      ...{ epoch: this.mostly(1, this.number()), cycle: this.mostly(cycle, this.number()) },
      ...{ region: this.mostly("eu", this.text()), zone: this.mostly("", this.text()) },
      bindings: this.list(() => ({
        clusterId: this.name(),
        state: outcome(),
        version: this.number(),
        session: this.pick(true, false),
      })),
      summary: this.pick(undefined, {
        ...{ machinesTotal: this.number(), machinesFree: this.number(), cycleMs: this.number() },
        ...{ freeByZone: this.counts(), freeByInstanceType: this.counts() },
        domains: this.list(() => ({
          key: this.name(),
          value: this.text(),
          machinesListed: this.number(),
          listedByZone: this.counts(),
        })),
      }),
      shortfalls: this.list(() => ({
        ...{
          clusterId: this.name(),
          requirements: labels(),
          deficit: this.counts(),
          penaltyBucket: this.text(),
        },
        ...{ priority: this.pick(0, 2 ** 32 - 1), ageCycles: this.pick(0, 2 ** 32 - 1) },
      })),
      acks: this.list(() => ({
        key: this.name(),
        value: this.name(),
        sequence: this.number(),
        outcome: outcome(),
        detail: this.text(),
      })),
      doubleDials: this.list(() => ({
        clusterId: this.name(),
        from: this.text(),
        count: this.number(),
        firstAgeMs: this.number(),
      })),
      heldDomains: this.pick(undefined, {
        domains: this.list(() => ({ key: this.name(), value: this.name(), sequence: this.number() })),
      }),
      coordinatorTerm: this.number(),
      incarnation: this.pick(undefined, { id: this.pick("test", this.text()), epoch: this.number() }),
      ...{ shortfallsLeftOut: this.pick(0, 2 ** 32 - 1), doubleDialsLeftOut: 0 },
    });
  }
}

test.each(SEEDS)("seed %i: every report is answered or refused, and the replicas agree", async (seed) => {
  const { group, leader, context } = await ledGroup(3);
  const fuzzer = new Fuzzer(seed);
  const reasons = new Map<string, number>();
  await group.propose(leader, {
    kind: {
      $case: "registerShard",
      value: { shardId: "s1", address: "s1:1", epoch: 1, region: "eu", zone: "" },
    },
  });
  await group.propose(leader, {
    kind: { $case: "assignDomain", value: { key: "rack", value: "r1", shardId: "s1" } },
  });
  for (let cycle = 1; cycle <= REPORTS; cycle++) {
    const request = fuzzer.report(cycle);
    const identity = { kind: "shard", id: request.shardId } as const;
    const outcome = await group.until(
      reportShard(context, asItComes(request), { identity, deadline: group.nowMs + 5_000 }).then(
        () => "answered",
        (error: unknown) => {
          expect(error, String(error instanceof Error ? error.stack : error)).toBeInstanceOf(RpcError);
          return readRpcError(error).reason ?? "";
        },
      ),
    );
    reasons.set(outcome, (reasons.get(outcome) ?? 0) + 1);
  }
  expect(reasons.get("")).toBeUndefined();
  expect(reasons.get("answered")).toBeGreaterThan(REPORTS / 4);
  await group.run(20);
  const digests = group.members.map(({ machine }) => machine.view.hash());
  expect(new Set(digests).size).toBe(1);
  group.close();
});
