// A client that writes what can be recognised, several at a time, and reads linearizably.

import type { Operation } from "../wire/gen/fleet/v1/command.ts";
import type { Chance } from "./chance.ts";
import type { SimNode } from "./node.ts";
import { SimSession } from "./session.ts";
import type { World } from "./world.ts";

export interface ClientOptions {
  readonly name: string;
  readonly world: World;
  readonly chance: Chance;
  /** Whom it knows. */
  readonly nodes: readonly SimNode[];
  readonly readPermille: number;
}

export class SimClient {
  readonly #options: ClientOptions;
  readonly #session: SimSession;
  #written = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#session = new SimSession(options, () => this.#think());
  }

  stop(): void {
    this.#session.stop();
  }

  #think(): void {
    const { world, chance, readPermille } = this.#options;
    world.queue.after(chance.ms(0, 2 * world.swarm.thinkMs), () => {
      if (this.#session.isStopped) return;
      if (chance.permille(readPermille)) this.#read();
      else if (this.#session.outstanding < world.swarm.outstandingMax) this.#write();
      this.#think();
    });
  }

  #write(): void {
    const { name, world } = this.#options;
    this.#written += 1;
    const number = this.#written;
    const operation: Operation = { kind: { $case: "recordProbe", value: { drillId: name, number } } };
    this.#session.write(operation, (outcome) => world.checker.clients.acknowledges(name, number, outcome));
  }

  #read(): void {
    const { world, name } = this.#options;
    const { clients } = world.checker;
    const required = clients.witnessed;
    this.#session.read(({ id, process }) => {
      const seen = process?.driver.appliedIndex;
      return seen === undefined
        ? null
        : () => clients.answersRead(required, seen, `node ${id}, asked by ${name},`);
    });
  }
}
