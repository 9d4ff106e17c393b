// A whole data plane in memory under a virtual clock. The agents, sessions, bindings and reporter are the real ones.
// Streams replace connections, the disk keeps nothing, and all coordinators are dead.

import { EventEmitter } from "node:events";
import { vi } from "vitest";
import { Agent, agentTuning } from "../../../src/core/agent/agent.ts";
import type { OpenedStream, ShardStream } from "../../../src/core/agent/shard-stream.ts";
import { DemandBook, RECLAIM_PACE } from "../../../src/core/shard/demand-book.ts";
import { Reporter } from "../../../src/core/shard/reporter.ts";
import type { SessionCall } from "../../../src/core/shard/session.ts";
import { SessionRegistry } from "../../../src/core/shard/session-registry.ts";
import { ShardStore } from "../../../src/core/shard/shard-store.ts";
import type { SessionDown, SessionUp } from "../../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../../src/core/wire/server/internal-errors.ts";
import { makeFolder, removeFolder } from "../../make-folder.ts";

const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** What a connection that dies without a word still lets through: nothing, or what the agent says. */
type Cut = "both ways" | "towards the agent";

/** Both ends of one stream; a frame arrives in the next turn. The end of a cut one is not heard at the other side. */
class Wire {
  readonly #agent = new EventEmitter();
  readonly #shard = new EventEmitter();
  #cut: Cut | null = null;
  #isOver = false;

  cut(how: Cut): void {
    this.#cut = how;
  }

  agentEnd(): ShardStream {
    const write = (up: SessionUp) => this.#deliver(this.#shard, up);
    const cancel = () => this.#over(new Error("cancelled"));
    return Object.assign(this.#agent, { write, cancel }) as unknown as ShardStream;
  }

  shardEnd(from: string): SessionCall {
    const write = (down: SessionDown) => this.#deliver(this.#agent, down);
    this.#shard.on("error", (error: Error) => this.#over(error));
    const end = () => this.#over(null);
    const rest = { pause() {}, resume() {}, getPeer: () => from };
    return Object.assign(this.#shard, { write, end, ...rest }) as unknown as SessionCall;
  }

  #deliver(to: EventEmitter, frame: SessionUp | SessionDown): true {
    setTimeout(() => {
      const isLost = to === this.#agent ? this.#cut !== null : this.#cut === "both ways";
      if (!isLost && !this.#isOver) to.emit("data", frame);
    }, 0);
    return true;
  }

  #over(error: Error | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    setTimeout(() => {
      if (error === null) this.#agent.emit("end");
      else this.#agent.emit("error", error);
      if (this.#cut === null) this.#shard.emit("cancelled");
    }, 0);
  }
}

interface VirtualShard {
  readonly registry: SessionRegistry;
  readonly store: ShardStore;
  readonly reports: { readonly begun: number };
  stop(): Promise<void>;
}

export class LivePlane {
  readonly #directory: string;
  readonly #shards = new Map<string, VirtualShard>();
  readonly #agents: Agent[] = [];
  readonly #wires = new Map<string, Wire>();
  /** Why each cluster's agent was last without a session. */
  readonly refusals = new Map<string, string | null>();
  /** Sessions that were ever accepted. */
  accepted = 0;

  static async create(): Promise<LivePlane> {
    return new LivePlane(await makeFolder());
  }

  private constructor(directory: string) {
    this.#directory = directory;
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    for (const shard of this.#shards.values()) await shard.stop();
    await removeFolder(this.#directory);
  }

  /** Its reports reach no coordinator: each of them fails after its deadline. */
  async shard(address: string): Promise<VirtualShard> {
    const shardId = address.split(":", 1)[0] ?? address;
    const store = await ShardStore.open({
      ...{ dataDirectory: this.#directory, shardId, now: () => 0 },
      writeFile: async () => {},
    });
    const reports = { begun: 0 };
    const report = () => {
      reports.begun += 1;
      return new Promise<void>((_, fail) => setTimeout(() => fail(new Error("nobody answers")), 2_000));
    };
    const errors = new InternalErrors(`shard ${shardId}`, silent);
    const reporter = new Reporter({ intervalMs: 3_000, report, log: silent, errors });
    const registry = new SessionRegistry({
      ...{ shardId, store, tls: "insecure-loopback" as const, log: silent, errors },
      demand: new DemandBook({ machines: null, region: "", pace: RECLAIM_PACE }),
      ...{ changed: () => reporter.poke(), refused: () => reporter.pokeSparingly() },
      now: () => performance.now(),
    });
    const stopSweeping = registry.startSweeping();
    reporter.poke();
    const stop = async () => {
      stopSweeping();
      const closed = reporter.close();
      await vi.advanceTimersByTimeAsync(2_000);
      await closed;
    };
    const shard = { registry, store, reports, stop };
    this.#shards.set(address, shard);
    return shard;
  }

  agent(cluster: string, shardAddr: string, instance = cluster): Agent {
    const agent = new Agent({
      ...{ cluster, instance, target: { shardAddr, demand: [] }, tls: "insecure-loopback", log: silent },
      tuning: {
        ...agentTuning,
        random: () => 0.5,
        open: (address) => this.#open(cluster, instance, address),
      },
    });
    this.#agents.push(agent);
    agent.start();
    return agent;
  }

  /** The agent's connection dies without a word to either end. */
  cut(instance: string, how: Cut): void {
    this.#wires.get(instance)?.cut(how);
  }

  #open(cluster: string, instance: string, address: string): OpenedStream {
    const wire = new Wire();
    this.#wires.set(instance, wire);
    const stream = wire.agentEnd();
    stream.on("error", (error: Error) => this.refusals.set(cluster, readRpcError(error).reason));
    stream.on("data", ({ frame }: SessionDown) => {
      if (frame?.$case === "accepted") this.accepted += 1;
    });
    const shard = this.#shards.get(address);
    if (shard === undefined) setTimeout(() => stream.cancel(), 0);
    else shard.registry.serve(wire.shardEnd(`${cluster}-${instance}:1`));
    return { stream, close: () => {} };
  }
}
