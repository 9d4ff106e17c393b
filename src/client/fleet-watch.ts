// The newest answer of every node, each asked at a pace of its own, and what all of them come to. For a dashboard:
// a hung node must delay only its own row. State hashes are compared in rounds: every answering node is asked, in
// passing, for its hash at one index that all had applied; when all have told, the next round begins.

import type { FleetClient, NodeAddress } from "./fleet-client.ts";
import { type Answer, commonIndex, type FleetStatus, joinAnswers, unasked } from "./fleet-status.ts";

// A node that says nothing for so long is shown as down; on a connection that stands, any answer is quicker.
const LOOK_TIMEOUT_MS = 800;

/** By address, the hash at `index`; empty when the node does not know it. */
interface HashRound {
  readonly index: number;
  readonly told: Map<string, string>;
}

export class FleetWatch {
  readonly #client: Pick<FleetClient, "endpoints" | "observe">;
  readonly #answers = new Map<string, Answer>();
  #round: HashRound | null = null;
  #compared: HashRound | null = null;

  constructor(client: Pick<FleetClient, "endpoints" | "observe">) {
    this.#client = client;
    this.#learn(client.endpoints);
  }

  /** Of all nodes known by now: the target's endpoints, and members that answers have named. */
  get addresses(): readonly string[] {
    return [...this.#answers.keys()];
  }

  /** Asks one node; resolves with what the newest answers of all come to. Rejects never, whatever the node does. */
  async look(address: string): Promise<FleetStatus> {
    const round = this.#round;
    const { name } = this.#answers.get(address) ?? { name: address };
    const options = { timeoutMs: LOOK_TIMEOUT_MS, hashAtIndex: round?.index ?? 0 };
    const answer = await this.#client.observe({ name, address }, options);
    this.#answers.set(address, answer);
    if (answer.status !== null) round?.told.set(address, answer.status.hashAt);
    this.#learn(unasked([...this.#answers.values()]));
    const answers = [...this.#answers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#turnRound(answers);
    const { index = null, told = new Map<string, string>() } = this.#compared ?? {};
    return joinAnswers(answers, index, new Map([...told].filter(([, hash]) => hash !== "")));
  }

  /** A node that has not been heard of yet has neither an answer nor an error. */
  #learn(nodes: readonly NodeAddress[]): void {
    const unheard = { roundTripMs: null, error: null, status: null, observedAtMs: 0 };
    for (const node of nodes) {
      if (!this.#answers.has(node.address)) this.#answers.set(node.address, { ...node, ...unheard });
    }
  }

  #turnRound(answers: readonly Answer[]): void {
    const round = this.#round;
    const isMissing = ({ address, status }: Answer) => status !== null && round?.told.has(address) === false;
    if (answers.some(isMissing)) return;
    this.#compared = round;
    const index = commonIndex(answers);
    this.#round = index === null ? null : { index, told: new Map() };
  }
}
