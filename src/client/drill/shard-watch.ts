// Polls the shards of a local fleet during a drill: whether each still serves its agents. Shards must not
// need coordinators for that, and a shard that was killed must get its agents back.

import { connectShard } from "../../core/wire/shard-client.ts";
import type { FollowedTls } from "../../core/wire/tls/live-tls.ts";
import { unary } from "../../core/wire/unary.ts";

const LOOK_EVERY_MS = 200;
const TIMEOUT_MS = 2_000;

export interface WatchedShard {
  readonly name: string;
  readonly address: string;
}

export interface ShardWatchOptions {
  readonly shards: readonly WatchedShard[];
  readonly tls: FollowedTls["tls"];
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A shard served fewer agents than before. */
export interface ShardGap {
  readonly atMs: number;
  readonly shard: string;
  readonly served: number;
  readonly wanted: number;
}

export class ShardWatch {
  readonly #options: ShardWatchOptions;
  /** Agents by shard: the present number and the highest one. */
  readonly #served = new Map<string, number>();
  readonly #wanted = new Map<string, number>();
  readonly #gaps: ShardGap[] = [];
  readonly #loops: Promise<unknown>;
  #isOver = false;

  constructor(options: ShardWatchOptions) {
    this.#options = options;
    this.#loops = Promise.all(options.shards.map((shard) => this.#look(shard)));
  }

  get gaps(): readonly ShardGap[] {
    return this.#gaps;
  }

  /** Whether each shard serves as many agents as its highest number so far. */
  get isWhole(): boolean {
    return this.#options.shards.every(
      ({ name }) => (this.#served.get(name) ?? 0) >= (this.#wanted.get(name) ?? 0),
    );
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loops;
  }

  async #look({ name, address }: WatchedShard): Promise<void> {
    const { now, sleep, tls } = this.#options;
    const client = connectShard(tls, address);
    while (!this.#isOver) {
      const atMs = now();
      const served = await unary(
        client.getShardStatus.bind(client),
        {},
        { endMs: performance.now() + TIMEOUT_MS },
      )
        .then(({ bindings }) => bindings.filter(({ session }) => session).length)
        .catch(() => null);
      const wanted = Math.max(served ?? 0, this.#wanted.get(name) ?? 0);
      this.#served.set(name, served ?? 0);
      this.#wanted.set(name, wanted);
      // No answer proves nothing: a busy shard gives none in time. One that stays away is never whole.
      if (served !== null && served < wanted) this.#gaps.push({ atMs, shard: name, served, wanted });
      await sleep(LOOK_EVERY_MS);
    }
    client.close();
  }
}
