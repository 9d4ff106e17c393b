// `fleet member rebuild` on a real local fleet: the node is fenced, gets a new folder and votes again; why is in the audit log.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { registerShard } from "./fleet-writes.ts";
import { leaderOf, runProgram, TestFleet } from "./local-fleet.ts";

const preload = new URL("state-flip-preload.ts", import.meta.url).href;
const tableModule = new URL("../../dist/core/fleet/tables/table.js", import.meta.url).href;

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await TestFleet.init();
});
afterEach(() => fleet.dispose());

test("a node is rebuilt from the leader's state, and the audit log says who wanted it, and why", async () => {
  const reason = "the memory test found a bad module";
  const ran = await fleet.run("member", "rebuild", "n2", "--yes", "--reason", reason);
  expect(ran, ran.stderr).toMatchObject({ exit: 0 });
  expect(ran.stdout).toContain("n2 is rebuilt");
  expect(await readdir(join(fleet.directory, "removed"))).toHaveLength(1);
  const { entries } = JSON.parse((await fleet.run("audit", "list", "--json")).stdout);
  expect(entries).toContainEqual(
    expect.objectContaining({ what: "rebuild node n2 from the leader's state", reason }),
  );
});

test("a node whose state diverged is fenced, and rebuilt: it is trusted, and its files say what was wrong", async () => {
  const client = await fleet.client();
  const odd = otherThan(leaderOf(await fleet.untilStatus(client, ({ leader }) => leader !== null)));
  const flips = join(fleet.home, "flips");
  await fleet.kill(odd);
  const flipping = {
    NODE_OPTIONS: `--import ${preload}`,
    STATE_FLIP_FILE: flips,
    STATE_FLIP_TABLE: tableModule,
  };
  const up = await runProgram(["up"], { cwd: fleet.home, env: { ...fleet.env, ...flipping } });
  expect(up, up.stderr).toMatchObject({ exit: 0 });
  await client.submit(registerShard("s1"));
  await fleet.untilStatus(
    client,
    ({ hashesAgree, verdict }) => hashesAgree === true && verdict === "healthy",
  );
  await writeFile(flips, "put elsewhere:9");
  let shards = 1;
  await expect
    .poll(async () => {
      shards += 1;
      await client.submit(registerShard(`s${shards}`));
      return doubtOf(await client.status(), odd);
    })
    .toMatchObject({ fenced: true, cause: "majority" });

  const ran = await fleet.run("member", "rebuild", odd, "--yes", "--reason", "its state differs");
  expect(ran, ran.stderr).toMatchObject({ exit: 0 });
  expect(ran.stdout).toContain(`${odd} is rebuilt`);
  const status = await fleet.untilStatus(
    client,
    ({ verdict, hashesAgree }) => verdict === "healthy" && hashesAgree === true,
  );
  expect(status.nodes.map(({ name }) => doubtOf(status, name))).toEqual([undefined, undefined, undefined]);
  expect(new Set(status.nodes.map(({ hashAt }) => hashAt)).size).toBe(1);
  const [aside = ""] = await readdir(join(fleet.directory, "removed"));
  const mark = await readFile(join(fleet.directory, "removed", aside, "diverged.json"), "utf8");
  expect(JSON.parse(mark)).toMatchObject({ cause: "majority" });
});

const otherThan = (name: string): string => (name === "n1" ? "n2" : "n1");

const doubtOf = ({ nodes }: FleetStatus, of: string) =>
  nodes.find(({ name }) => name === of)?.status?.stateDoubt;
