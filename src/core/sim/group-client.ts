// A client of one group beside the fleet's own. It writes seldom, so that the group becomes quiescent between two writes.
// It asks any node, so that some do not lead and know no leader.

import type { GroupId } from "../base/ids.ts";
import { encodeKeyCommand } from "../kv/command-codec.ts";
import { PutRequest } from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Chance } from "./chance.ts";
import type { SimNode } from "./node.ts";
import { kindOf } from "./side-groups.ts";
import type { World } from "./world.ts";

export interface GroupClientOptions {
  readonly world: World;
  readonly chance: Chance;
  readonly nodes: readonly SimNode[];
  readonly group: GroupId;
  /** Between two writes, on average. */
  readonly thinkMs: number;
  /** For how long it waits for each. */
  readonly patienceMs: number;
}

export class GroupClient {
  readonly #options: GroupClientOptions;
  #written = 0;
  #acknowledged = 0;
  #isStopped = false;

  constructor(options: GroupClientOptions) {
    this.#options = options;
    this.#think();
  }

  get group(): GroupId {
    return this.#options.group;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  stop(): void {
    this.#isStopped = true;
  }

  #think(): void {
    const { world, chance, thinkMs } = this.#options;
    world.queue.after(chance.ms(0, 2 * thinkMs), () => {
      if (this.#isStopped) return;
      this.#write();
      this.#think();
    });
  }

  #write(): void {
    const { world, chance, nodes, group, patienceMs } = this.#options;
    this.#written += 1;
    const text = new TextEncoder().encode(`${group} ${this.#written}`);
    const data = kindOf(world.swarm, group) === "keys" ? putOf(text) : text;
    const node = chance.pick(nodes);
    world.network.call(() => {
      const deadline = node.clock.monotonicMs() + patienceMs;
      const written = node.inGroup<{ readonly ok: boolean }>(group, ({ driver }) =>
        driver.propose(data, deadline),
      );
      void written?.then(({ ok }) => {
        if (ok) this.#acknowledged += 1;
      });
    });
  }
}

function putOf(key: Uint8Array): Uint8Array {
  const value = PutRequest.fromPartial({ key });
  return encodeKeyCommand({ atMs: 0, operations: [{ kind: { $case: "put", value }, leasesSeenAt: 0 }] });
}
