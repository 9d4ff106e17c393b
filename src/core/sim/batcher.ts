// A client that changes several rows at once, so that its entries are applied in slices. It checks that no reader sees
// a part of an entry: its rows change together, so they are alike in every state.

import type { FleetView } from "../fleet/state.ts";
import { domainKey } from "../fleet/tables/schema.ts";
import { InstructionOutcome, type Operation, type Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { Chance } from "./chance.ts";
import type { SimNode } from "./node.ts";
import { SimSession } from "./session.ts";
import { check } from "./violation.ts";
import type { World } from "./world.ts";

const KEY = "batch";
const SHARDS = ["batch-a", "batch-b"] as const;
/** It thinks longer than others, so that their writes do not wait for its batches all the time. */
const THINK_FACTOR = 6;
const READS_PERMILLE = 100;
const SETTLES_PERMILLE = 300;
const RELEASES_PERMILLE = 200;

export interface BatcherOptions {
  readonly name: string;
  readonly world: World;
  readonly chance: Chance;
  readonly nodes: readonly SimNode[];
}

/** Where its rows are, as it was told last. */
interface Known {
  /** Empty = nowhere. */
  readonly shardId: string;
  readonly version: number;
}

const NOWHERE: Known = { shardId: "", version: 0 };

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #session: SimSession;
  readonly #values: readonly string[];
  #known = NOWHERE;
  /** The highest index in an answer to it. */
  #told = 0;

  constructor(options: BatcherOptions) {
    const { name, chance } = options;
    this.#options = options;
    this.#values = Array.from({ length: chance.between(3, 6) }, (_, at) => `${name}-${at}`);
    this.#session = new SimSession(options, () => this.#register([...SHARDS]));
  }

  stop(): void {
    this.#session.stop();
  }

  #register([shardId, ...rest]: readonly string[]): void {
    if (shardId === undefined) {
      this.#write();
      this.#look();
      return;
    }
    const value = { shardId, address: "127.0.0.1:1", epoch: 1, region: "", zone: "" };
    this.#session.write({ kind: { $case: "registerShard", value } }, () => this.#register(rest));
  }

  /** Now and then, at any node: by a linearizable read, or as a caller asks for what is there. */
  #look(): void {
    const { world, chance, nodes } = this.#options;
    world.queue.after(chance.ms(0, world.swarm.thinkMs), () => {
      if (this.#session.isStopped) return;
      const told = this.#told;
      if (chance.permille(READS_PERMILLE)) this.#session.read((node) => this.#answerOf(node, told));
      else this.#expectAlike(chance.pick(nodes));
      this.#look();
    });
  }

  #answerOf(node: SimNode, told: number): (() => void) | null {
    const view = node.process?.machine.view;
    if (view === undefined) return null;
    const { appliedIndex } = view;
    const states = this.#statesIn(view);
    return () => {
      check(appliedIndex >= told, "linearizable reads", () => `index ${appliedIndex}, ${told} was known`);
      expectOne(node, states);
    };
  }

  #expectAlike(node: SimNode): void {
    const view = node.process?.machine.view;
    if (view !== undefined) expectOne(node, this.#statesIn(view));
  }

  #statesIn({ tables }: FleetView): ReadonlySet<string> {
    const rows = this.#values.map((value) => tables.domains.get(domainKey(KEY, value)));
    return new Set(
      rows.map((row) =>
        row === undefined ? "absent" : `${row.version} ${row.confirmedAtMs} ${row.shardId}`,
      ),
    );
  }

  #write(): void {
    const { world, chance } = this.#options;
    world.queue.after(chance.ms(0, THINK_FACTOR * world.swarm.thinkMs), () => {
      if (this.#session.isStopped) return;
      const isSettling = this.#known.shardId !== "" && chance.permille(SETTLES_PERMILLE);
      const to = chance.permille(RELEASES_PERMILLE) ? "" : chance.pick(SHARDS);
      this.#session.write(isSettling ? this.#settle() : this.#move(to), (outcome) => {
        if (!isSettling) this.#moved(to, outcome);
        this.#told = Math.max(this.#told, outcome.index);
        this.#write();
      });
    });
  }

  #move(shardId: string): Operation {
    const { shardId: before, version } = this.#known;
    const seen = before === "" ? {} : { expectedVersion: version };
    const moves = this.#values.map((value) => ({ key: KEY, value, shardId, ...seen }));
    return { kind: { $case: "moveDomains", value: { moves } } };
  }

  #settle(): Operation {
    const { shardId, version: sequence } = this.#known;
    const outcome = InstructionOutcome.ACCEPTED;
    const acks = this.#values.map((value) => ({ key: KEY, value, sequence, outcome, detail: "" }));
    return { kind: { $case: "settleInstructions", value: { shardId, acks } } };
  }

  #moved(shardId: string, { index, result }: Outcome): void {
    check(
      result?.$case === "applied",
      "whole entries",
      () => `a batch was refused: ${JSON.stringify(result)}`,
    );
    const isSame = shardId === this.#known.shardId;
    if (result?.$case === "applied" && result.value.changed && !isSame)
      this.#known = { shardId, version: index };
  }
}

function expectOne({ id }: SimNode, states: ReadonlySet<string>): void {
  check(
    states.size === 1,
    "whole entries",
    () => `node ${id} shows a part of an entry: ${[...states].join(", ")}`,
  );
}
