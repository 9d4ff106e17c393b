// A test's group whose members compare their states, as a coordinator's do. Time for checkpoints passes by `check` alone.

import { present } from "../../../src/core/base/assert.ts";
import type { LogIndex, NodeId } from "../../../src/core/base/ids.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { StateChecks } from "../../../src/core/coordinator/divergence/state-checks.ts";
import { type Divergence, StateTrust } from "../../../src/core/coordinator/divergence/state-trust.ts";
import type { FleetState } from "../../../src/core/fleet/state.ts";
import type { StateCheck } from "../../../src/core/wire/gen/fleet/v1/raft.ts";
import { type Member, registerShard, TestGroup } from "./group.ts";

/** A member and how it compares its state. */
export interface Compared {
  readonly member: Member;
  readonly trust: StateTrust;
  readonly checks: StateChecks;
  readonly marks: Divergence[];
}

export class ComparedGroup {
  readonly group: TestGroup;
  all: readonly Compared[];
  /** Who does not answer, as an older build would not. */
  silent: ReadonlySet<NodeId> = new Set();
  /** Whose machines can't be reached. */
  #isolated: ReadonlySet<NodeId> = new Set();
  readonly sent: { readonly from: NodeId; readonly to: NodeId; readonly kind: string }[] = [];
  /** Snapshots that left without being confirmed, and who was silent. */
  readonly unconfirmed: { readonly index: LogIndex; readonly silent: readonly NodeId[] }[] = [];

  static async start(size: number, snapshotEvery?: number): Promise<ComparedGroup> {
    const compared = new ComparedGroup(size, snapshotEvery);
    await compared.group.leader();
    return compared;
  }

  private constructor(size: number, snapshotEvery?: number) {
    this.group = new TestGroup(size, snapshotEvery, size, {
      confirming: (id) => {
        const group = this;
        return {
          maySend: (to, index) => this.of(id).checks.maySend(to, index),
          mayKeep: (index) => this.of(id).checks.mayKeep(index),
          trust: {
            get isTrusted() {
              return group.of(id).trust.isTrusted;
            },
          },
        };
      },
    });
    this.all = this.group.members.map((member) => this.#compare(member));
    for (const { id, machine } of this.group.members) machine.onApplied(() => this.of(id).checks.applied());
  }

  of(id: NodeId): Compared {
    return present(
      this.all.find(({ member }) => member.id === id),
      "a member of the group",
    );
  }

  get leading(): Compared {
    const leaders = this.all.filter(({ member }) => member.driver.role === "leader");
    const [newest] = leaders.sort((a, b) => b.member.driver.term - a.member.driver.term);
    return present(newest, "a leader was elected");
  }

  get following(): readonly Compared[] {
    return this.all.filter((each) => each !== this.leading);
  }

  get kinds(): readonly string[] {
    return this.all.map(({ trust }) => trust.now.kind);
  }

  isolate(...members: readonly Compared[]): void {
    this.group.network.heal();
    this.#isolated = new Set(members.map(({ member }) => member.id));
    for (const id of this.#isolated) this.group.network.isolate(id);
  }

  /** As its process would be with the next life: it knows of no checkpoint. */
  restart(old: Compared): Compared {
    const fresh = this.#compare(old.member);
    this.all = this.all.map((each) => (each === old ? fresh : each));
    return fresh;
  }

  /** The time from one checkpoint to the next, and what comes of it. */
  async check(): Promise<void> {
    for (const { checks } of this.all) checks.tick();
    await this.group.run(3);
  }

  /** As a bug in `apply` would leave it: a row that only this replica has. */
  flip({ member }: Compared, address: string): void {
    const { tables } = member.machine.view as FleetState;
    tables.shards.put({
      ...present(tables.shards.get("s1"), "it was registered"),
      address: `${address}:9`,
    });
  }

  async written(): Promise<void> {
    await this.group.propose(this.leading.member, registerShard("s1"));
    await this.group.run(3);
  }

  #compare(member: Member): Compared {
    const { id, driver, machine } = member;
    const marks: Divergence[] = [];
    const mark = async (divergence: Divergence) => void marks.push(divergence);
    const trust = new StateTrust({ found: null, mark, log: silentLog, now: () => this.group.nowMs });
    const checks = new StateChecks({
      ...{ self: id, trust, driver, log: silentLog, nameOf: (node) => `n${node}` },
      digestAt: (index) => machine.hashAt(index),
      now: () => machine.view,
      hears: (peer) => !this.#isolated.has(peer) && !this.#isolated.has(id),
      onUnconfirmed: (index, silent) => this.unconfirmed.push({ index, silent }),
      send: (to, check) => this.#carry(id, to, check),
    });
    return { member, trust, checks, marks };
  }

  #carry(from: NodeId, to: NodeId, check: StateCheck): void {
    this.sent.push({ from, to, kind: check.kind?.$case ?? "" });
    const isLost = [from, to].some((id) => this.silent.has(id) || this.#isolated.has(id));
    if (!isLost) setImmediate(() => this.of(to).checks.heard(from, check));
  }
}
