// Lets the key space keep as much history as an operator has set: the rule is a row of the fleet's tables, audited like any
// other, and the leader of the key space's group proposes it there. The two logs have no common order. So the leader looks
// again until both say the same, and a lost proposal costs a moment.

import type { MonotonicMs } from "../../base/clock.ts";
import { encodeKeyCommand } from "../../kv/command-codec.ts";
import type { RetentionRule } from "../../kv/retention.ts";
import { isSame } from "../group/key-retention.ts";
import type { EtcdContext, KeyGroup } from "./etcd-context.ts";

export const RETENTION_LOOK_EVERY_MS = 500;
const PROPOSAL_MS_MAX = 5_000;

export class RetentionKeeper {
  readonly #clock: EtcdContext["fleet"]["clock"];
  readonly #keys: () => KeyGroup | null;
  readonly #wanted: () => RetentionRule | null;
  #isProposing = false;

  constructor(
    clock: EtcdContext["fleet"]["clock"],
    keys: () => KeyGroup | null,
    wanted: () => RetentionRule | null,
  ) {
    this.#clock = clock;
    this.#keys = keys;
    this.#wanted = wanted;
  }

  /** To be called every RETENTION_LOOK_EVERY_MS. */
  look(): void {
    const keys = this.#keys();
    if (this.#isProposing || keys?.driver.role !== "leader") return;
    const { space } = keys.machine;
    const wanted = this.#wanted();
    if (space === null || wanted === null || isSame(space.retention, wanted)) return;
    const kind = { $case: "retention", value: wanted } as const;
    const data = encodeKeyCommand({ atMs: this.#clock.wallMs(), operations: [{ kind, leasesSeenAt: 0 }] });
    const deadline: MonotonicMs = this.#clock.monotonicMs() + PROPOSAL_MS_MAX;
    this.#isProposing = true;
    void keys.driver.propose(data, deadline).finally(() => {
      this.#isProposing = false;
    });
  }
}
