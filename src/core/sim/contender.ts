// A client that contends with others for one cluster, one operation at a time. It reads the owner. Then it moves the
// cluster by a migration that names this owner, or unbinds it under this version. A migration's id is used once, so each
// state of it occurs once. A new binding is to a shard to which no migration leads. So a migration whose cluster was
// unbound meanwhile is not mistaken for a superseded one. Sometimes it gives up on an answer: then it does not know
// whether that operation took effect.

import type { Operation, Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { Chance } from "./chance.ts";
import type { OwnerHistory } from "./checks/owner-history.ts";
import type { SimNode } from "./node.ts";
import { SimSession } from "./session.ts";
import { check } from "./violation.ts";
import type { World } from "./world.ts";

const CLUSTER = "contended";
const FIRST = "north";
const SHARDS = [FIRST, "east", "west"] as const;
const PATIENCE_MS = 3_000;
/** The register's value between first contact and the first migration. */
const BOUND = "bound";
/** How the state machine says that the owner is not the one that was seen. */
const MISMATCHES = [
  "CLUSTER_ALREADY_BOUND",
  "CLUSTER_UNKNOWN",
  "MIGRATION_UNDER_WAY",
  "OWNER_CHANGED",
  "VERSION_CONFLICT",
];
const UNBINDS_PERMILLE = 200;

const BIND: Change = {
  to: BOUND,
  operation: { kind: { $case: "bindCluster", value: { clusterId: CLUSTER, shardId: FIRST } } },
};

export interface ContenderOptions {
  /** Its number in the history. */
  readonly process: number;
  readonly world: World;
  readonly chance: Chance;
  readonly nodes: readonly SimNode[];
  readonly history: OwnerHistory;
}

interface Owner {
  readonly value: string | null;
  readonly shard: string;
  readonly version: number;
}

interface Change {
  readonly to: string | null;
  readonly operation: Operation;
}

export class Contender {
  readonly #options: ContenderOptions;
  readonly #session: SimSession;
  /** What it saw last. */
  #seen: Owner = { value: null, shard: FIRST, version: 0 };
  #turn = 0;
  #migrations = 0;

  constructor(options: ContenderOptions) {
    this.#options = options;
    this.#session = new SimSession(options, () => this.#register([...SHARDS]));
  }

  stop(): void {
    this.#session.stop();
  }

  #register([shardId, ...rest]: readonly string[]): void {
    if (shardId === undefined) {
      this.#think();
      return;
    }
    const value = { shardId, address: "127.0.0.1:1", epoch: 1, region: "", zone: "" };
    this.#session.write({ kind: { $case: "registerShard", value } }, () => this.#register(rest));
  }

  #think(): void {
    const { world, chance } = this.#options;
    world.queue.after(chance.ms(0, 2 * world.swarm.thinkMs), () => {
      if (this.#session.isStopped) return;
      if (chance.permille(500)) this.#look();
      else this.#move();
    });
  }

  #look(): void {
    const { recorder } = this.#options.history;
    const { process } = this.#options;
    recorder.invoke(process, { kind: "read" });
    const turn = this.#begin(() => recorder.withdraw(process));
    this.#session.read((node) => {
      const row = node.process?.machine.view.tables.bindings.get(CLUSTER);
      const value = row === undefined ? null : (row.migration?.migrationId ?? BOUND);
      return () => {
        if (!this.#end(turn)) return;
        this.#seen = { value, shard: row?.shardId ?? FIRST, version: row?.version ?? 0 };
        recorder.complete(process, { kind: "value", value });
        this.#think();
      };
    });
  }

  #move(): void {
    const { process, history } = this.#options;
    const { value: from } = this.#seen;
    const { to, operation } = this.#change();
    history.recorder.invoke(process, { kind: "cas", from, to });
    let giveUp = () => {};
    const turn = this.#begin(() => {
      giveUp();
      history.recorder.giveUp(process);
    });
    giveUp = this.#session.write(operation, (outcome) => {
      if (!this.#end(turn)) return;
      history.recorder.complete(process, { kind: isChanged(outcome) ? "written" : "mismatch" });
      this.#think();
    });
  }

  #change(): Change {
    const { value } = this.#seen;
    if (value === null) return BIND;
    return this.#options.chance.permille(UNBINDS_PERMILLE) ? this.#unbind(value) : this.#migrate(value);
  }

  // Only a migration's version stands for its state, and only what is no migration is unbound without force.
  #unbind(value: string): Change {
    const seen = value === BOUND ? { force: false } : { force: true, expectedVersion: this.#seen.version };
    return {
      to: null,
      operation: { kind: { $case: "unbindCluster", value: { clusterId: CLUSTER, ...seen } } },
    };
  }

  #migrate(value: string): Change {
    const { shard: fromShard } = this.#seen;
    this.#migrations += 1;
    const migrationId = `m${this.#options.process}-${this.#migrations}`;
    const supersedes = value === BOUND ? "" : value;
    const toShard = fromShard === SHARDS[1] ? SHARDS[2] : SHARDS[1];
    const migration = { clusterId: CLUSTER, fromShard, toShard, migrationId, supersedes };
    return { to: migrationId, operation: { kind: { $case: "beginRebind", value: migration } } };
  }

  /** Its patience for the operation that begins now is limited. */
  #begin(onGivenUp: () => void): number {
    const { world, chance } = this.#options;
    this.#turn += 1;
    const turn = this.#turn;
    world.queue.after(chance.ms(0, PATIENCE_MS), () => {
      if (this.#session.isStopped || !this.#end(turn)) return;
      onGivenUp();
      this.#think();
    });
    return turn;
  }

  /** Whether the operation was still under way. */
  #end(turn: number): boolean {
    if (turn !== this.#turn) return false;
    this.#turn += 1;
    return true;
  }
}

function isChanged({ result }: Outcome): boolean {
  if (result?.$case === "applied") return result.value.changed;
  const reason = result?.value.reason ?? "";
  check(MISMATCHES.includes(reason), "linearizability", () => `a migration was refused with ${reason}`);
  return false;
}
