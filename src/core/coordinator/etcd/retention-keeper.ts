// Applies the operator's retention rule. The rule is an audited row. The leader of the key group proposes it there. The
// two logs have no common order. So the leader looks again until both say the same, and a lost proposal costs a moment.
// What must stay true: no older rule replaces a newer one. So the leader reads the tables behind a quorum before it
// proposes, in the term in which it proposes. Its proposal names the change that it follows, and is refused when
// another one was applied in between (ADR-0072).

import type { MonotonicMs } from "../../base/clock.ts";
import { encodeKeyCommand } from "../../kv/command-codec.ts";
import type { RetentionRule } from "../../kv/retention.ts";
import type { GroupPort } from "../group/group-port.ts";
import { isSame } from "../group/key-retention.ts";
import type { EtcdContext, KeyGroup } from "./etcd-context.ts";
import type { KeyTime } from "./key-time.ts";

export const RETENTION_LOOK_EVERY_MS = 500;
const PROPOSAL_MS_MAX = 5_000;

export interface RetentionSource {
  readonly clock: Pick<EtcdContext["fleet"]["clock"], "monotonicMs">;
  readonly keys: () => KeyGroup | null;
  readonly time: KeyTime;
  /** The group that has the tables. */
  readonly fleet: Pick<GroupPort<never>, "readIndex">;
  /** The rule as this replica's tables have it; they may be old. */
  readonly wanted: () => RetentionRule | null;
}

interface Due {
  readonly keys: KeyGroup;
  readonly wanted: RetentionRule;
  readonly changeNumber: number;
}

export class RetentionKeeper {
  readonly #source: RetentionSource;
  #isProposing = false;

  constructor(source: RetentionSource) {
    this.#source = source;
  }

  /** To be called every RETENTION_LOOK_EVERY_MS. Rejects with a bug, and the next look tries again. */
  async look(): Promise<void> {
    if (this.#isProposing || this.#due() === null) return;
    this.#isProposing = true;
    await this.#settle().finally(() => {
      this.#isProposing = false;
    });
  }

  async #settle(): Promise<void> {
    const { clock, fleet, keys, time } = this.#source;
    const deadline: MonotonicMs = clock.monotonicMs() + PROPOSAL_MS_MAX;
    const term = keys()?.driver.term;
    const read = await fleet.readIndex(deadline);
    const due = this.#due();
    if (!read.ok || due === null || due.keys.driver.term !== term) return;
    const { wanted, changeNumber } = due;
    const kind = { $case: "retention", value: { ...wanted, changeNumber } } as const;
    const data = encodeKeyCommand({ atMs: time.stamp(due.keys), operations: [{ kind, leasesSeenAt: 0 }] });
    await due.keys.driver.propose(data, deadline);
  }

  /** Null: this replica does not lead the key space, or that has the rule. */
  #due(): Due | null {
    const keys = this.#source.keys();
    if (keys?.driver.role !== "leader") return null;
    const { space } = keys.machine;
    const wanted = this.#source.wanted();
    if (space === null || wanted === null || isSame(space.retention, wanted)) return null;
    return { keys, wanted, changeNumber: space.retentionChanges + 1 };
  }
}
