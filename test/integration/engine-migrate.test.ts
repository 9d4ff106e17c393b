// A running fleet goes from embedded Raft to a real etcd and back, under writes, killed at every step (ADR-0060). Where no
// etcd is installed the tests show as skipped.

import { access } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import { type EngineName, readEngineMove } from "../../src/client/files/engine-move.ts";
import { judgeWrites } from "../../src/core/drill/verdict.ts";
import { TestFleet } from "./local-fleet.ts";
import { lacksEtcd, RealEtcd } from "./real-etcd.ts";

/** What the command says before each of its steps, up to the start of the new engine. */
const STEPS: Readonly<Record<EngineName, readonly RegExp[]>> = {
  etcd: [
    /stopping n1/,
    /setting the data folders aside/,
    /writing the state/,
    /was read back/,
    /starting n1/,
  ],
  embedded: [
    /stopping n1/,
    /sealing the log/,
    /data folder of n1/,
    /data folder of n2/,
    /data folder of n3/,
    /was read back/,
    /starting n1/,
  ],
};

describe.skipIf(lacksEtcd())("fleet engine migrate", () => {
  let etcd: RealEtcd;
  let fleet: TestFleet;
  beforeAll(async () => {
    etcd = await RealEtcd.start();
    fleet = await TestFleet.init("--shards", "1", "--clusters", "2");
  });
  afterAll(async () => {
    await fleet?.dispose();
    await etcd?.dispose();
  });

  const words = (to: EngineName) => {
    const place = to === "etcd" ? ["--etcd", etcd.address] : [];
    return ["engine", "migrate", "--to", to, ...place, "--yes", "-o", "json"];
  };
  const isOn = async (engine: EngineName) => {
    const client = await fleet.client();
    await fleet.untilStatus(
      client,
      ({ nodes, hashesAgree, leader }) =>
        leader !== null &&
        hashesAgree === true &&
        nodes.every(
          ({ status }) => (status?.etcdEngine !== undefined) === (engine === "etcd") && status !== null,
        ),
    );
  };
  const writer = async (drillId: string) => {
    const client = await fleet.client();
    const writes = new SteadyWriter(client, {
      ...{ drillId, rate: 5, now: () => performance.now(), onEvent: () => undefined },
    });
    const more = async () => {
      const before = writes.acknowledged;
      await expect.poll(() => writes.acknowledged, { timeout: 120_000 }).toBeGreaterThan(before + 3);
    };
    const judge = async () => {
      const results = await writes.stop();
      const { probes } = await client.listProbes(drillId);
      expect(judgeWrites(results, probes)).toMatchObject({ lost: [], duplicated: [], unexpected: [] });
    };
    return { more, judge };
  };

  test("there and back under writes: nothing is lost or repeated, and a dry run changes nothing", async () => {
    const dry = await fleet.run(...words("etcd"), "--dry-run");
    expect(dry).toMatchObject({ exit: 0 });
    expect(await readEngineMove(fleet.directory)).toBe(null);
    const { more, judge } = await writer("engine-moves");
    await more();
    for (const to of ["etcd", "embedded"] as const) {
      const ran = await fleet.run(...words(to));
      expect(ran).toMatchObject({ exit: 0 });
      expect(JSON.parse(ran.stdout)).toMatchObject({ state: "moved", to, stateHash: expect.any(String) });
      await isOn(to);
      await more();
    }
    await judge();
  });

  test.each(["etcd", "embedded"] as const)(
    "killed before each step to %s, the same command finishes it",
    async (to) => {
      const { more, judge } = await writer(`killed-${to}`);
      await more();
      for (const step of STEPS[to]) {
        const command = fleet.launch(...words(to));
        expect(await command.says(step)).toBe(true);
        command.signal("SIGKILL");
        await command.ended();
        const move = await readEngineMove(fleet.directory);
        if (move?.step !== "moving") continue;
        expect(await fleet.run("up")).toMatchObject({
          exit: 9,
          stderr: expect.stringContaining("FLEET_E_ENGINE_MOVE_UNFINISHED"),
        });
      }
      expect(await fleet.run(...words(to))).toMatchObject({ exit: 0 });
      await isOn(to);
      await more();
      await judge();
    },
  );

  test.each(["etcd", "embedded"] as const)(
    "given up before each step to %s, the old engine goes on",
    async (to) => {
      const old = to === "etcd" ? "embedded" : "etcd";
      const { more, judge } = await writer(`aborted-${to}`);
      for (const step of STEPS[to].slice(0, -1)) {
        await more();
        const former = await readEngineMove(fleet.directory);
        const command = fleet.launch(...words(to));
        expect(await command.says(step)).toBe(true);
        command.signal("SIGKILL");
        await command.ended();
        const { step: reached } = (await readEngineMove(fleet.directory)) ?? { step: "none" };
        const ran = await fleet.run("engine", "migrate", "--abort", "--yes");
        if (reached === "moving") {
          expect(ran).toMatchObject({ exit: 0 });
          expect(await readEngineMove(fleet.directory)).toEqual(former);
          await isOn(old);
          continue;
        }
        expect(ran).toMatchObject({
          exit: 9,
          stderr: expect.stringContaining("FLEET_E_ENGINE_MOVE_STARTED"),
        });
      }
      expect(await fleet.run(...words(to))).toMatchObject({ exit: 0 });
      await more();
      await judge();
    },
  );

  test("of two commands at once one moves the fleet, and the other and --abort change nothing", async () => {
    const { more, judge } = await writer("two-commands");
    await more();
    const ran = await Promise.all([fleet.run(...words("etcd")), fleet.run(...words("etcd"))]);
    expect(ran.filter(({ exit }) => exit === 0)).toHaveLength(1);
    expect(await fleet.run("engine", "migrate", "--abort", "--yes")).toMatchObject({ exit: 9 });
    await isOn("etcd");
    await more();
    await judge();
  });

  test("an etcd that refuses large values is no place for a log, and nothing was stopped", async () => {
    const narrow = await RealEtcd.start("--max-request-bytes", "100000");
    try {
      await fleet.run(...words("embedded"));
      const ran = await fleet.run("engine", "migrate", "--to", "etcd", "--etcd", narrow.address, "--dry-run");
      expect(ran).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_ETCD_UNFIT") });
      await isOn("embedded");
    } finally {
      await narrow.dispose();
    }
  });

  test("--finish deletes what was set aside, and only once", async () => {
    const move = await fleet.run("engine", "migrate", "--finish", "--yes", "-o", "json");
    expect(move).toMatchObject({ exit: 0 });
    const { aside } = JSON.parse(move.stdout);
    expect(aside.length).toBeGreaterThanOrEqual(3);
    for (const folder of aside) await expect(access(folder)).rejects.toThrow("ENOENT");
    expect(await fleet.run("engine", "migrate", "--finish", "--yes")).toMatchObject({
      exit: 9,
      stderr: expect.stringContaining("FLEET_E_ENGINE_MOVE_NONE"),
    });
  });
});
