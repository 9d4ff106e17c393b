// etcd's MoveLeader: another replica leads the key space's group. What must stay true: nothing is handed over without its entry
// in the audit log. The leader of the fleet's own group writes it, for any member that asks (ADR-0071).

import { type NodeId, nodeId } from "../../base/ids.ts";
import type { KeyTransfer } from "../../wire/gen/fleet/v1/raft.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { assertLeads } from "../calls/assert-leads.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { perform } from "../calls/propose.ts";
import { reasonOf } from "../calls/reason.ts";
import { nameIn } from "../membership/membership-steps.ts";
import type { KeyGroup } from "./etcd-context.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { ForwardedWrites } from "./forward.ts";
import { memberChangeError } from "./member-change-error.ts";

const LOOK_EVERY_MS = 20;

export class KeyLeaderMoves {
  readonly #fleet: ServiceContext;
  readonly #forward: ForwardedWrites;

  constructor(fleet: ServiceContext, forward: ForwardedWrites) {
    this.#fleet = fleet;
    this.#forward = forward;
  }

  /** Resolves when the other replica leads. */
  async move({ driver }: Pick<KeyGroup, "driver">, to: NodeId, caller: Caller): Promise<void> {
    const { self } = this.#fleet;
    if (driver.role !== "leader") throw ETCD_ERRORS.notLeader;
    if (!driver.status().config.voters.includes(to)) throw ETCD_ERRORS.badTransferee;
    if (to === self) return;
    const transfer = { from: self, to };
    while (!(await this.#noteOnce(transfer, caller))) await this.#pause(caller);
    // Meanwhile another may have been elected.
    if (driver.role !== "leader" && driver.leader !== to) throw ETCD_ERRORS.notLeader;
    driver.transferLeader(to);
    while (driver.leader !== to) await this.#pause(caller);
  }

  /** On the leader of the fleet's group. False: nothing was written, since it does not lead. Throws an etcd error. */
  async note({ from, to }: KeyTransfer, caller: Caller, askedAt: string): Promise<boolean> {
    const name = nameIn(this.#fleet);
    const value = { fromNode: name(nodeId(from)), toNode: name(nodeId(to)) };
    const reason = reasonOf(`MoveLeader of etcd's API for the key space, asked at ${askedAt}`);
    try {
      await assertLeads(this.#fleet, caller);
      await perform(this.#fleet, caller, { $case: "noteTransfer", value }, reason);
      return true;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const refused = memberChangeError(error);
      if (refused !== null) throw refused;
      return false;
    }
  }

  async #noteOnce(transfer: KeyTransfer, caller: Caller): Promise<boolean> {
    const { driver, self } = this.#fleet;
    if (driver.role === "leader") return this.note(transfer, caller, nameIn(this.#fleet)(self));
    if (driver.leader === 0) return false;
    const kind = { $case: "noteKeyTransfer", value: transfer } as const;
    return (await this.#forward.ask(driver.leader, kind, caller)) !== null;
  }

  async #pause({ deadline }: Caller): Promise<void> {
    const { clock, sleep } = this.#fleet;
    if (clock.monotonicMs() >= deadline) throw ETCD_ERRORS.timeout;
    await sleep(LOOK_EVERY_MS);
  }
}
