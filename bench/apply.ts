// What it costs to apply one batch of 4 096 domain moves, alone in this process. It measures the CPU time of the
// batch and of its longest slice, for which everything else waits.

import { assert } from "../src/core/base/assert.ts";
import { logIndex } from "../src/core/base/ids.ts";
import { OUTSIDE_SESSIONS } from "../src/core/base/outside-sessions.ts";
import { FleetMachine } from "../src/core/coordinator/group/fleet-machine.ts";
import { Slices } from "../src/core/coordinator/group/slices.ts";
import { encodeCommand } from "../src/core/fleet/command-codec.ts";
import { FIRST_VERSION } from "../src/core/fleet/format.ts";
import { DOMAIN_MOVES_MAX } from "../src/core/fleet/limits.ts";
import { domainKey } from "../src/core/fleet/tables/schema.ts";
import type { Operation } from "../src/core/wire/gen/fleet/v1/command.ts";
import { median } from "./statistics.ts";
import type { Table } from "./table.ts";
import { cpuMs } from "./thread-cpu.ts";

const SHARDS = 200;
const DOMAINS = 100_000;
const BATCHES = 60;
const KEY = "bench/room";

interface Cost {
  readonly wholeMs: number;
  readonly slicesMs: readonly number[];
}

export function benchApply(): Promise<readonly Table[]> {
  const log = new Log();
  for (let at = 0; at < SHARDS; at += 1) log.append(registered(shard(at)));
  for (let from = 0; from < DOMAINS; from += DOMAIN_MOVES_MAX) log.append(log.moves(from, 0));
  const costs = Array.from({ length: BATCHES }, (_, at) => {
    const round = Math.floor((at * DOMAIN_MOVES_MAX) / DOMAINS) + 1;
    return log.append(log.moves((at * DOMAIN_MOVES_MAX) % DOMAINS, round));
  });
  const whole = costs.map(({ wholeMs }) => wholeMs);
  const longest = costs.map(({ slicesMs }) => Math.max(...slicesMs));
  const rows = [
    ["a batch, CPU time", milliseconds(median(whole)), milliseconds(Math.max(...whole))],
    ["its longest slice", milliseconds(median(longest)), milliseconds(Math.max(...longest))],
    ["slices of a batch", String(median(costs.map(({ slicesMs }) => slicesMs.length))), ""],
  ];
  const title = `Applying ${BATCHES} batches of ${DOMAIN_MOVES_MAX} moves to ${DOMAINS} domains`;
  return Promise.resolve([{ title, header: ["what", "median", "worst"], rows }]);
}

class Log {
  readonly #machine = new FleetMachine();
  #index = 0;

  /** Round after round, each domain goes to the next shard. */
  moves(from: number, round: number): Operation {
    const { domains } = this.#machine.view.tables;
    const count = Math.min(DOMAIN_MOVES_MAX, DOMAINS - from);
    const all = Array.from({ length: count }, (_, at) => {
      const value = `room-${String(from + at).padStart(6, "0")}`;
      const expectedVersion = domains.get(domainKey(KEY, value))?.version;
      return { key: KEY, value, shardId: shard(from + at + round), expectedVersion };
    });
    return { kind: { $case: "moveDomains", value: { moves: all } } };
  }

  append(operation: Operation): Cost {
    this.#index += 1;
    const session = OUTSIDE_SESSIONS;
    const command = { ...session, reason: "bench", atMs: this.#index, actor: "bench", operation };
    const data = encodeCommand(command, FIRST_VERSION);
    const slicesMs: number[] = [];
    let beganMs = cpuMs();
    const lap = () => {
      const nowMs = cpuMs();
      slicesMs.push(nowMs - beganMs);
      beganMs = nowMs;
    };
    const applied = this.#machine.apply(logIndex(this.#index), data);
    lap();
    while (applied instanceof Slices && !applied.isWhole) {
      applied.step();
      lap();
    }
    const outcome = applied instanceof Slices ? applied.result : applied;
    assert(outcome?.result?.$case === "applied", "the bench's entries are not refused");
    return { wholeMs: slicesMs.reduce((sum, ms) => sum + ms, 0), slicesMs };
  }
}

const shard = (at: number): string => `shard-${String(at % SHARDS).padStart(3, "0")}`;

const registered = (shardId: string): Operation => ({
  kind: {
    $case: "registerShard",
    value: { shardId, address: `${shardId}:1`, epoch: 1, region: "", zone: "" },
  },
});

const milliseconds = (ms: number): string => `${ms.toFixed(1)} ms`;
