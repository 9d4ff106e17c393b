// A fleet that loses all its disks, in stages. Its leader exports, it continues without exports, and every disk is
// lost. Then it is restored and grows again. A test asks for the stage that it needs. Each stage is reached once,
// after those before it, and what could be seen at it is kept. So no test depends on another one, nor on their order.

import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { present } from "../../src/core/base/assert.ts";
import { Role } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { type Ran, runProgram, TestFleet } from "./local-fleet.ts";
import { S3_USER } from "./s3-server.ts";

export const WRITES = 10;
const NODES = ["n1", "n2", "n3"];

export class DisasterFleet {
  readonly fleet: TestFleet;
  /** Where its leader exports to. */
  readonly place: string;
  readonly #clients: FleetClient[] = [];

  private constructor(fleet: TestFleet, place: string) {
    this.fleet = fleet;
    this.place = place;
  }

  static async open(placeOf: (fleet: TestFleet) => string): Promise<DisasterFleet> {
    const fleet = await TestFleet.empty();
    return new DisasterFleet(fleet, placeOf(fleet));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.fleet.dispose();
  }

  /** The leader has exported all writes, and every export was checked. */
  readonly exported = once(async () => {
    await this.ok("init", "--shards", "1", "--clusters", "1", "--snapshot-to", this.place);
    await this.#restartWith((text) =>
      text.replace(/^(snapshots:\n {2}to: .*\n)/m, "$1  everySeconds: 1\n  keep: 3\n"),
    );
    const writer = await this.client();
    let last = 0;
    for (let number = 1; number <= WRITES; number += 1) last = await probe(writer, number);
    await this.until((status) => (leaderOf(status)?.snapshotExport?.index ?? 0) >= last);
    return { verified: await this.run("snapshot", "verify", "--all", "--json") };
  });

  /** The exports have ended, as if the store were out of reach; a term and a write are in the fleet alone. */
  readonly ahead = once(async () => {
    await this.exported();
    await this.#restartWith((text) => text.replace("everySeconds: 1", "everySeconds: 86400"));
    const newest = (await this.json("snapshot", "list")).snapshots[0];
    // Refused while no other node could take over within an election timeout.
    await expect.poll(async () => (await this.run("leader", "step-down", "--timeout", "30s")).exit).toBe(0);
    const writer = await this.client();
    await probe(writer, 99);
    await expect
      .poll(async () => (await writer.listShards({ deadlineMs: 20_000 })).shards[0]?.observed)
      .toBeDefined();
    const status = await this.until(({ nodes }) => nodes.every((node) => node.lag === 0));
    const term = Math.max(...status.nodes.map((node) => node.status?.term ?? 0));
    return {
      newest: { index: Number(newest.index), term: Number(newest.term) },
      fleet: { term, lastIndex: present(leaderOf(status), "one leads").lastIndex },
    };
  });

  /** Every disk is lost. Before that a restore was tried, with running nodes and with killed ones. */
  readonly lost = once(async () => {
    await this.ahead();
    const whileRunning = await this.run("snapshot", "restore", "--yes");
    for (const name of NODES) await this.fleet.kill(name);
    const kept = join(this.fleet.home, "kept");
    await cp(this.#data("n1"), kept, { recursive: true });
    const whileDataThere = await this.run("snapshot", "restore", "--yes");
    for (const name of NODES) await rm(this.#data(name), { recursive: true });
    return {
      whileRunning,
      whileDataThere,
      dryRun: await this.run("snapshot", "restore", "--dry-run", "--json"),
      compared: await this.run("snapshot", "restore", "--dry-run", "--compare", kept, "--json"),
      unasked: await this.run("snapshot", "restore"),
    };
  });

  /** Restored to one node, which runs. */
  readonly restored = once(async () => {
    await this.lost();
    const report = await this.json("snapshot", "restore", "--yes", "--reason", "three disks lost");
    const from = (await this.json("snapshot", "list")).snapshots[0];
    const { file } = await loadLocalFleet(this.fleet.directory);
    await this.ok("up");
    const observer = await this.client();
    const seen = await observer.observe(present(observer.endpoints[0], "one node is left"), {
      hashAtIndex: Number(report.index),
      timeoutMs: 20_000,
    });
    return { report, file, from: { index: Number(from.index), term: Number(from.term) }, seen };
  });

  run(...args: readonly string[]): Promise<Ran> {
    return runProgram(args, { cwd: this.fleet.home, env: { ...this.fleet.env, ...S3_USER } });
  }

  async ok(...args: readonly string[]): Promise<Ran> {
    const ran = await this.run(...args);
    expect(ran, ran.stderr + ran.stdout).toMatchObject({ exit: 0 });
    return ran;
  }

  async json(...args: readonly string[]) {
    return parsed(await this.ok(...args, "--json"));
  }

  /** A client of the fleet as it is now. */
  async client(): Promise<FleetClient> {
    const opened = await this.fleet.connect();
    this.#clients.push(opened);
    return opened;
  }

  async until(wanted: (status: FleetStatus) => boolean): Promise<FleetStatus> {
    return await this.fleet.untilStatus(await this.client(), wanted);
  }

  async #restartWith(change: (text: string) => string): Promise<void> {
    await this.ok("down");
    await this.fleet.edit(change);
    await this.ok("up");
  }

  #data(name: string): string {
    return processFiles(this.fleet.directory, name).data;
  }
}

/** What a command printed under --json; its form is known to the caller. */
export function parsed({ stdout }: Ran) {
  return JSON.parse(stdout);
}

async function probe(client: FleetClient, number: number): Promise<number> {
  const operation = { kind: { $case: "recordProbe", value: { drillId: "d", number } } } as const;
  return (await client.submit(operation, { deadlineMs: 30_000 })).index;
}

const leaderOf = ({ nodes }: FleetStatus) => nodes.find(({ status }) => status?.role === Role.LEADER)?.status;

function once<Value>(reach: () => Promise<Value>): () => Promise<Value> {
  let reached: Promise<Value> | undefined;
  return () => {
    reached ??= reach();
    return reached;
  };
}
