// Reads of the key space. A linearizable read waits until a quorum has confirmed this replica's place in the log
// (ReadIndex). A serializable one gets at once what this replica has.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Caller } from "../calls/caller.ts";
import { workerOf } from "../calls/client-work.ts";
import type { KeysView } from "../group/keys-machine.ts";
import type { EtcdContext, KeyGroup } from "./etcd-context.ts";
import { ETCD_ERRORS, errorOf, errorOfUnreadable } from "./etcd-errors.ts";

const LOOK_EVERY_MS = 20;

export class KeyReads {
  readonly #context: EtcdContext;

  constructor(context: EtcdContext) {
    this.#context = context;
  }

  /** The key space as it is here. Throws while this replica has none. */
  here(): KeysView {
    const { space, trust } = this.group().machine;
    if (space === null) throw errorOfUnreadable(trust);
    return space;
  }

  /** The key space, at least as new as when this was called. Throws the RpcError of a refusal. */
  confirmed(caller: Caller): Promise<KeysView> {
    return this.read(caller, (space) => space);
  }

  /**
   * The same, and what `use` takes of it at once. Many reads are confirmed in one moment. If they took it later, all of
   * them would have their turn before the first one had cost anything.
   */
  async read<Taken>(caller: Caller, use: (space: KeysView) => Taken): Promise<Taken> {
    const { driver } = await this.opened(caller.deadline);
    const { clock, sleep, work } = this.#context.fleet;
    for (;;) {
      await this.#leaderKnown(driver, caller.deadline);
      const read = await driver.readIndex(caller.deadline);
      const turn = work.answer(workerOf(caller.identity));
      if (turn !== null) await turn;
      if (read.ok) break;
      // Its leader was lost while it waited: it waits for the next one, as a read that comes during the election does.
      const isOver = read.refusal !== "no-leader" || clock.monotonicMs() >= caller.deadline;
      if (isOver) throw errorOf(read.refusal);
      await sleep(LOOK_EVERY_MS);
    }
    caller.refuseUnread?.();
    return use(this.here());
  }

  /** The key space as it is here, once there is time to read many keys of it: see ClientWork. */
  async forMany(caller: Caller): Promise<KeysView> {
    const turn = this.#context.fleet.work.page(workerOf(caller.identity));
    if (turn !== null) await turn;
    caller.refuseUnread?.();
    return this.here();
  }

  /** Throws while this replica has not opened it. */
  group(): KeyGroup {
    const keys = this.#context.keys();
    if (keys !== null) return keys;
    this.#context.want();
    throw ETCD_ERRORS.notCapable;
  }

  /** The same for the first caller of all, which waits until the group is made. */
  async opened(deadline: MonotonicMs): Promise<KeyGroup> {
    const { clock, sleep } = this.#context.fleet;
    while (this.#context.keys() === null && clock.monotonicMs() < deadline) {
      this.#context.want();
      await sleep(LOOK_EVERY_MS);
    }
    return this.group();
  }

  // During an election a caller waits: as with etcd, it need not try again.
  async #leaderKnown(driver: KeyGroup["driver"], deadline: MonotonicMs): Promise<void> {
    const { clock, sleep } = this.#context.fleet;
    while (driver.leader === 0) {
      if (clock.monotonicMs() >= deadline) throw ETCD_ERRORS.timeout;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
