// A client that writes through a session and reads linearizably. It sends a write to any node, again and again until
// it is answered, several at a time; so that a write arrives twice, late, and at deposed leaders.

import type { NodeId } from "../base/ids.ts";
import { Command, type Operation, type Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { Chance } from "./chance.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

const ATTEMPT_MS = 1_000;

export interface ClientOptions {
  readonly name: string;
  readonly world: World;
  readonly chance: Chance;
  /** Whom it knows. */
  readonly nodes: readonly SimNode[];
  readonly readPermille: number;
}

interface Identity {
  readonly sessionId: number;
  readonly sequence: number;
  readonly firstOutstanding: number;
}

const NO_SESSION: Identity = { sessionId: 0, sequence: 0, firstOutstanding: 0 };

export class SimClient {
  readonly #options: ClientOptions;
  #session = 0;
  #sequence = 0;
  readonly #outstanding = new Set<number>();
  /** Whom it takes for the leader. */
  #leader: NodeId | null = null;
  #isStopped = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#untilDone(
      () => this.#command(NO_SESSION, { kind: { $case: "openSession", value: {} } }),
      (outcome) => {
        if (outcome.result?.$case === "applied") this.#session = outcome.result.value.version;
        this.#think();
      },
    );
  }

  stop(): void {
    this.#isStopped = true;
  }

  #think(): void {
    const { world, chance, readPermille } = this.#options;
    world.queue.after(chance.ms(0, 2 * world.swarm.thinkMs), () => {
      if (this.#isStopped) return;
      if (chance.permille(readPermille)) this.#read();
      else if (this.#outstanding.size < world.swarm.outstandingMax) this.#write();
      this.#think();
    });
  }

  #write(): void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#outstanding.add(sequence);
    const { name, world } = this.#options;
    const operation: Operation = {
      kind: { $case: "recordProbe", value: { drillId: name, number: sequence } },
    };
    this.#untilDone(
      () => {
        const [firstOutstanding = sequence] = this.#outstanding;
        return this.#command({ sessionId: this.#session, sequence, firstOutstanding }, operation);
      },
      (outcome) => {
        this.#outstanding.delete(sequence);
        world.checker.clients.acknowledges(name, sequence, outcome);
      },
    );
  }

  /** Sends what `command` makes until an answer comes; later answers are of no interest. */
  #untilDone(command: () => Uint8Array, onDone: (outcome: Outcome) => void): void {
    const { world, chance } = this.#options;
    let isDone = false;
    const attempt = () => {
      if (isDone || this.#isStopped) return;
      const node = this.#pick();
      let isSettled = false;
      const retry = (ms: number) => {
        if (isSettled) return;
        isSettled = true;
        world.queue.after(ms, attempt);
      };
      world.queue.after(ATTEMPT_MS, () => retry(0));
      this.#submit(node, command(), (outcome) => {
        if (outcome === null) {
          if (this.#leader === node.id) this.#leader = null;
          retry(chance.ms(5, 100));
          return;
        }
        this.#leader = node.id;
        if (isDone || this.#isStopped) return;
        isDone = true;
        isSettled = true;
        onDone(outcome);
      });
    };
    attempt();
  }

  /** Null: refused; no call at all: lost on the way. */
  #submit(node: SimNode, data: Uint8Array, onAnswer: (outcome: Outcome | null) => void): void {
    const { network } = this.#options.world;
    network.call(() => {
      const asked = node.submit(data, ATTEMPT_MS);
      if (asked === null) return;
      void asked.then((answer) => network.call(() => onAnswer(answer.ok ? answer.result : null)));
    });
  }

  #read(): void {
    const { world, name, chance, nodes } = this.#options;
    const { network, checker } = world;
    const required = checker.clients.witnessed;
    const node = chance.pick(nodes);
    network.call(() => {
      const asked = node.read(ATTEMPT_MS);
      if (asked === null) return;
      void asked.then((answer) => {
        const seen = node.process?.driver.appliedIndex;
        if (!answer.ok || seen === undefined) return;
        network.call(() => checker.clients.answersRead(required, seen, `node ${node.id}, asked by ${name},`));
      });
    });
  }

  #pick(): SimNode {
    const { chance, nodes } = this.#options;
    const known = nodes.find((node) => node.id === this.#leader);
    return known !== undefined && chance.permille(800) ? known : chance.pick(nodes);
  }

  #command(identity: Identity, operation: Operation): Uint8Array {
    const { world } = this.#options;
    const atMs = Math.floor(world.queue.nowMs);
    return Command.encode({ ...identity, actor: "fleet://admin", reason: "", atMs, operation }).finish();
  }
}
