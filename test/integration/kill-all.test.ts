// All coordinators killed at once at random moments of continuous writes, and started by `fleet up`: every
// acknowledged write is there, exactly once.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import { SeededPrng } from "../../src/core/base/prng.ts";
import { judgeWrites } from "../../src/core/drill/verdict.ts";
import { TestFleet } from "./local-fleet.ts";

const ROUNDS = 4;
const SEED = 20_261_121;

let fleet: TestFleet;
afterEach(() => fleet.dispose());

test(`killed all at once ${ROUNDS} times, every acknowledged write is there once`, async () => {
  fleet = await TestFleet.init();
  const random = new SeededPrng(SEED);
  const client = await fleet.client();
  let acknowledged = 0;
  const writer = new SteadyWriter(client, {
    drillId: "kill-all",
    rate: 100,
    now: () => performance.now(),
    onEvent: ({ kind }) => {
      if (kind === "acknowledged") acknowledged += 1;
    },
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = acknowledged;
    await expect.poll(() => acknowledged).toBeGreaterThan(before + 20);
    await sleep(random.below(400));
    await Promise.all(["n1", "n2", "n3"].map((name) => fleet.kill(name)));
    const started = await fleet.run("up", "--json");
    expect(started, started.stderr).toMatchObject({ exit: 0 });
  }
  const writes = await writer.stop();
  const { probes } = await client.listProbes("kill-all");
  const verdict = judgeWrites(writes, probes);
  expect(verdict).toMatchObject({ lost: [], duplicated: [], unexpected: [] });
  expect(verdict.counts.acknowledged).toBeGreaterThan(20 * ROUNDS);
  const status = await fleet.untilStatus(client, ({ verdict }) => verdict === "healthy");
  expect(status.hashesAgree).toBe(true);
});
