// The newest answer of every node, and what all of them come to. For a dashboard: a hung node must delay only its own row. Each
// node is followed by its stream of statuses; one that has none (an older build) is polled. State hashes are compared at the
// highest index at which all answering nodes told theirs.

import { status as grpcStatus } from "@grpc/grpc-js";
import { readRpcError } from "../core/wire/rpc-error.ts";
import type { FleetClient, NodeAddress } from "./fleet-client.ts";
import { type Answer, commonIndex, type FleetStatus, joinAnswers, unasked } from "./fleet-status.ts";
import { RecentHashes } from "./recent-hashes.ts";

// A node that says nothing for so long is shown as down; on a connection that stands, any answer is quicker.
const LOOK_TIMEOUT_MS = 800;
const LOOK_EVERY_MS = 500;
// How long the round trip to a node that is streamed from is believed.
const ROUND_TRIP_EVERY_MS = 5_000;

type WatchedClient = Pick<FleetClient, "endpoints" | "observe" | "watchStatus">;

export interface WatchWorld {
  /** Of the monotonic clock. */
  readonly now: () => number;
  /** Resolves early when `signal` aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

export class FleetWatch {
  readonly #client: WatchedClient;
  readonly #world: WatchWorld;
  readonly #answers = new Map<string, Answer>();
  readonly #hashes = new RecentHashes();
  /** Of nodes that have no stream: all of them are asked for their hash at one index, until each has told. */
  #round: { readonly index: number; readonly told: Set<string> } | null = null;

  /** The index of the last such round that is over. */
  #asked: number | null = null;

  constructor(client: WatchedClient, world: WatchWorld) {
    this.#client = client;
    this.#world = world;
    this.#learn(client.endpoints);
  }

  /** Of all nodes known by now: the target's endpoints, and members that answers have named. */
  get addresses(): readonly string[] {
    return [...this.#answers.keys()];
  }

  /** Tells what the newest answers of all come to, whenever this node told something, until `signal` aborts. */
  async follow(address: string, tell: (fleet: FleetStatus) => void, signal: AbortSignal): Promise<void> {
    let hasStream = true;
    while (!signal.aborted) {
      tell(await this.look(address));
      const isUp = this.#answers.get(address)?.status !== null;
      if (isUp && hasStream) hasStream = await this.#stream(address, tell, signal);
      await this.#world.pause(LOOK_EVERY_MS, signal);
    }
  }

  /** Asks one node; resolves with what the newest answers of all come to. Rejects never, whatever the node does. */
  async look(address: string): Promise<FleetStatus> {
    const { name, status } = this.#answers.get(address) ?? { name: address, status: null };
    const hashAtIndex = this.#askFor(address, status?.appliedIndex ?? 0);
    const answer = await this.#client.observe({ name, address }, { timeoutMs: LOOK_TIMEOUT_MS, hashAtIndex });
    return this.#heard(answer, hashAtIndex);
  }

  /** False: this node's build has no stream. */
  async #stream(address: string, tell: (fleet: FleetStatus) => void, signal: AbortSignal): Promise<boolean> {
    let measuredMs = this.#world.now();
    try {
      for await (const status of this.#client.watchStatus(address, signal)) {
        const roundTripMs = this.#answers.get(address)?.roundTripMs ?? null;
        const answer = { name: status.nodeName, address, roundTripMs, error: null, status };
        tell(this.#heard({ ...answer, observedAtMs: Date.now() }, 0));
        if (this.#world.now() - measuredMs < ROUND_TRIP_EVERY_MS) continue;
        measuredMs = this.#world.now();
        tell(await this.look(address));
      }
    } catch (error) {
      return readRpcError(error).code !== grpcStatus.UNIMPLEMENTED;
    }
    return true;
  }

  #heard(answer: Answer, hashAtIndex: number): FleetStatus {
    const { address, status } = answer;
    this.#answers.set(address, answer);
    if (status === null) this.#hashes.forget(address);
    else {
      this.#hashes.heard(address, status, hashAtIndex);
      if (this.#round?.index === hashAtIndex) this.#round.told.add(address);
    }
    this.#learn(unasked([...this.#answers.values()]));
    const answers = [...this.#answers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#turnRound(answers);
    const up = answers.flatMap((told) => (told.status === null ? [] : [told.address]));
    const index = this.#hashes.common(up) ?? this.#asked;
    return joinAnswers(answers, index, index === null ? new Map() : this.#hashes.at(index, up));
  }

  /** What nodes with a stream told is what one without it is asked about. */
  #askFor(address: string, appliedIndex: number): number {
    const hasStreams = [...this.#answers.values()].some(({ status }) => status?.vitals !== undefined);
    return hasStreams ? this.#hashes.askFor(address, appliedIndex) : (this.#round?.index ?? 0);
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
    this.#asked = round?.index ?? null;
    const index = commonIndex(answers);
    this.#round = index === null ? null : { index, told: new Set() };
  }
}
