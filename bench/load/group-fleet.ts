// Three coordinators that host many Raft groups, as measured processes: founded anew in folders that the real
// `fleet init` laid out, in plaintext on loopback.

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../../src/core/base/assert.ts";
import type { CoordinatorClient, GroupCounts } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { TestFleet } from "../../test/integration/local-fleet.ts";
import { inPlaintext } from "./fleet-store.ts";
import { Server } from "./server.ts";
import { coordinatorsIn, type Started } from "./started.ts";

const LOOK_EVERY_MS = 20;
const LOOK_TIMEOUT_MS = 1_000;
const GIVE_UP_MS = 120_000;

export class GroupFleet {
  readonly servers: readonly Server[];
  /** All groups, the fleet's own among them. */
  readonly size: number;
  readonly #home: TestFleet;
  readonly #started: readonly Started[];
  readonly #clients: ReadonlyMap<Server, CoordinatorClient>;

  private constructor(
    home: TestFleet,
    started: readonly Started[],
    servers: readonly Server[],
    groups: number,
  ) {
    this.#home = home;
    this.#started = started;
    this.servers = servers;
    this.size = groups + 1;
    const clientOf = (server: Server) => connectCoordinator("insecure-loopback", server.address);
    this.#clients = new Map(servers.map((server) => [server, clientOf(server)]));
  }

  /** Ready to be founded by its first start, with so many groups beside the fleet's own. */
  static async prepare(groups: number): Promise<GroupFleet> {
    const home = await TestFleet.init();
    const started = coordinatorsIn(home.directory);
    await home.run("down");
    await Promise.all(started.map(({ data }) => rm(data, { recursive: true })));
    const servers = started.map(({ name, address, command, args, env }) => {
      const chosen = [...inPlaintext(args), "--bootstrap", "--groups", String(groups)];
      const logFile = join(home.home, `${name}.log`);
      return new Server({ name, address, command, args: chosen, env, logFile });
    });
    return new GroupFleet(home, started, servers, groups);
  }

  start(): void {
    for (const server of this.servers) server.start();
  }

  /** What the server says of its groups; null when it does not answer. */
  async look(server: Server): Promise<GroupCounts | null> {
    const client = present(this.#clients.get(server), "every server has a client");
    const limits = { endMs: performance.now() + LOOK_TIMEOUT_MS };
    const status = await unary(client.getStatus.bind(client), { hashAtIndex: 0 }, limits).catch(() => null);
    return status?.groups ?? null;
  }

  /** Resolves to the milliseconds it took until those servers led every group between them. */
  untilAllLed(servers = this.servers): Promise<number> {
    return this.#until(servers, (all) => {
      const led = all.reduce((sum, counts) => sum + counts.led, 0);
      return led === this.size && all.every((counts) => counts.leaderless === 0);
    });
  }

  /** As `untilAllLed`, until every group but the fleet's own is quiescent on those servers. */
  untilQuiescent(servers = this.servers): Promise<number> {
    return this.#until(servers, (all) => all.every(({ quiescent }) => quiescent === this.size - 1));
  }

  /** Mean over the nodes of what their data folders take on disk. */
  async diskBytes(): Promise<number> {
    const folders = await Promise.all(this.#started.map(({ data }) => allocatedBytes(data)));
    return folders.reduce((sum, bytes) => sum + bytes, 0) / folders.length;
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.#home.dispose();
  }

  async #until(
    servers: readonly Server[],
    wanted: (all: readonly GroupCounts[]) => boolean,
  ): Promise<number> {
    const startedMs = performance.now();
    for (;;) {
      const looks = await Promise.all(servers.map((server) => this.look(server)));
      const answers = looks.filter((look) => look !== null);
      const elapsedMs = performance.now() - startedMs;
      if (answers.length === servers.length && wanted(answers)) return elapsedMs;
      if (elapsedMs > GIVE_UP_MS) {
        const words = servers.map((server) => `${server.name}: ${server.lastWords()}`).join("\n");
        throw new Error(`never came to be: ${JSON.stringify(looks)}\n${words}`);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}

async function allocatedBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const files = await Promise.all(names.map((name) => stat(join(folder, name))));
  return files.reduce((sum, file) => sum + file.blocks * 512, 0);
}
