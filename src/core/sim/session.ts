// A client's session with the coordinator. The client sends several writes at a time. It sends each to any node, again
// and again, until it is answered. So a write arrives twice, late, and at deposed leaders. Deliberately absent: what is
// written, and why.

import type { NodeId } from "../base/ids.ts";
import { OUTSIDE_SESSIONS } from "../base/outside-sessions.ts";
import { encodeCommand } from "../fleet/command-codec.ts";
import { FIRST_VERSION, KNOWN_VERSION } from "../fleet/format.ts";
import type { Operation, Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { Chance } from "./chance.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

const ATTEMPT_MS = 1_000;

export interface SessionOptions {
  readonly world: World;
  readonly chance: Chance;
  /** Whom it knows. */
  readonly nodes: readonly SimNode[];
}

interface Identity {
  readonly sessionId: number;
  readonly sequence: number;
  readonly firstOutstanding: number;
}

export class SimSession {
  readonly #options: SessionOptions;
  #session = 0;
  #sequence = 0;
  readonly #outstanding = new Set<number>();
  /** Whom it takes for the leader. */
  #leader: NodeId | null = null;
  #isStopped = false;

  constructor(options: SessionOptions, onOpen: () => void) {
    this.#options = options;
    this.#untilDone(
      () => this.#command(OUTSIDE_SESSIONS, { kind: { $case: "openSession", value: {} } }),
      (outcome) => {
        if (outcome.result?.$case === "applied") this.#session = outcome.result.value.version;
        onOpen();
      },
    );
  }

  /** Writes that are not answered yet. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** `onDone` gets the answer, which may never come. Returns what gives up on it. */
  write(operation: Operation, onDone: (outcome: Outcome) => void): () => void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#outstanding.add(sequence);
    const giveUp = this.#untilDone(
      () => {
        const [firstOutstanding = sequence] = this.#outstanding;
        return this.#command({ sessionId: this.#session, sequence, firstOutstanding }, operation);
      },
      (outcome) => {
        this.#outstanding.delete(sequence);
        onDone(outcome);
      },
    );
    return () => {
      this.#outstanding.delete(sequence);
      giveUp();
    };
  }

  /** As `actor`, outside the session: applied as often as it arrives. The cluster version knows all operations. */
  writeAs(actor: string, operation: Operation, onDone: (outcome: Outcome) => void): void {
    this.#untilDone(() => this.#command(OUTSIDE_SESSIONS, operation, actor, KNOWN_VERSION), onDone);
  }

  /** Asks any node once. When it may answer, `onConfirmed` looks at it, and what that returns is the answer. */
  read(onConfirmed: (node: SimNode) => (() => void) | null): void {
    const { world, chance, nodes } = this.#options;
    const { network, checker } = world;
    const { flips } = checker;
    const node = chance.pick(nodes);
    network.call(() => {
      void node.read(ATTEMPT_MS)?.then((answer) => {
        const answered = answer.ok ? onConfirmed(node) : null;
        const isFenced = flips.isFenced(node.id);
        if (answered === null) return;
        network.call(() => {
          flips.answers(node.id, isFenced);
          answered();
        });
      });
    });
  }

  /** Sends what `command` makes until an answer comes; later answers are of no interest. */
  #untilDone(command: () => Uint8Array, onDone: (outcome: Outcome) => void): () => void {
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
    return () => {
      isDone = true;
    };
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

  #pick(): SimNode {
    const { chance, nodes } = this.#options;
    const known = nodes.find((node) => node.id === this.#leader);
    return known !== undefined && chance.permille(800) ? known : chance.pick(nodes);
  }

  #command(
    identity: Identity,
    operation: Operation,
    actor = "fleet://admin",
    version = FIRST_VERSION,
  ): Uint8Array {
    const { world } = this.#options;
    const atMs = Math.floor(world.queue.nowMs);
    const command = { ...identity, actor, reason: "", atMs, operation };
    return encodeCommand(command, version);
  }
}
