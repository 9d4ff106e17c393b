// An administrator who gives operators roles and takes them back, and revokes certificates, beside operators who write whatever
// they may (ADR-0026, ADR-0028). Which of their entries are applied, the access model says. Only while the cluster version
// knows these operations; no session: an operator without a role has none, and each entry is judged by itself.

import type { Chance } from "./chance.ts";
import type { SimNode } from "./node.ts";
import type { SimSession } from "./session.ts";
import type { World } from "./world.ts";
import { type Act, writeUpgraded } from "./write-upgraded.ts";

const OPERATORS = ["alice", "bob"] as const;
/** Each allows the names that begin with its own. */
const ROLES = ["east", "west"] as const;
const SUBJECTS = ["A1", "fleet://shard/revoked", "fleet://operator/bob"] as const;
const SECOND_MS = 1_000;
// It thinks longer than clients, so that theirs are most of the writes.
const THINK_FACTOR = 6;

export interface OfficerOptions {
  readonly world: World;
  readonly chance: Chance;
  readonly nodes: readonly SimNode[];
}

export class Officer {
  readonly #options: OfficerOptions;
  readonly #session: SimSession;

  constructor(options: OfficerOptions) {
    this.#options = options;
    this.#session = writeUpgraded(options, THINK_FACTOR, () => this.#draw());
  }

  stop(): void {
    this.#session.stop();
  }

  #draw(): Act {
    const { chance } = this.#options;
    const operator = chance.pick(OPERATORS);
    const role = chance.pick(ROLES);
    const actor = "fleet://admin";
    switch (
      chance.pick(["write", "write", "write", "role", "grant", "take", "revoke", "unrevoke"] as const)
    ) {
      case "write": {
        const name = `${chance.pick(ROLES)}-1`;
        const value = {
          name,
          address: "127.0.0.1:1",
          region: "",
          declaredQuota: chance.between(1, 9),
          keepRegion: false,
        };
        return { actor: `fleet://operator/${operator}`, kind: { $case: "upsertProvider", value } };
      }
      case "role": {
        const names = [`${role}-${chance.pick(["*", "1*", "2*"])}`];
        const rules = [{ verbs: ["set"], tables: ["provider"], names }];
        return { actor, kind: { $case: "setRole", value: { name: role, rules } } };
      }
      case "grant":
        return { actor, kind: { $case: "grantRole", value: { operator, role } } };
      case "take":
        return { actor, kind: { $case: "revokeRole", value: { operator, role } } };
      case "revoke":
        return { actor, kind: { $case: "revokeCertificate", value: this.#revocation() } };
      case "unrevoke":
        return { actor, kind: { $case: "unrevokeCertificate", value: { subject: chance.pick(SUBJECTS) } } };
    }
  }

  /** Also an earlier time than one that is revoked already. */
  #revocation() {
    const { world, chance } = this.#options;
    const agoMs = chance.between(0, 5) * SECOND_MS;
    const issuedBeforeMs = Math.max(0, Math.floor(world.queue.nowMs) - agoMs);
    return { subject: chance.pick(SUBJECTS), issuedBeforeMs, holder: "", endsAtMs: 0 };
  }
}
