// The newest answer of every node, and their joined result. For a dashboard: a hung node must delay only its
// own row. Each node is followed by its stream of statuses; a node without one (an older build) is polled.
// State hashes are compared at the highest index at which all answering nodes reported theirs.

import { status as grpcStatus } from "@grpc/grpc-js";
import { readRpcError } from "../core/wire/rpc-error.ts";
import type { FleetClient, NodeAddress } from "./fleet-client.ts";
import {
  type Answer,
  commonIndex,
  type FleetStatus,
  joinAnswers,
  leaderMembers,
  unasked,
} from "./fleet-status.ts";
import { RecentHashes } from "./recent-hashes.ts";

// A node that is silent for this long is shown as down; on an open connection any answer is faster.
const LOOK_TIMEOUT_MS = 800;
const LOOK_EVERY_MS = 500;
// How long the measured round trip to a streaming node is used.
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
  /**
   * For nodes without a stream: all of them are asked for their hash at one index, until each has answered.
   */
  #round: { readonly index: number; readonly told: Set<string> } | null = null;

  /** The index of the last such round that has ended. */
  #asked: number | null = null;

  constructor(client: WatchedClient, world: WatchWorld) {
    this.#client = client;
    this.#world = world;
    this.#learn(client.endpoints);
  }

  /** The target's endpoints, and the members that answers have named. A member that was removed leaves with its row. */
  get addresses(): readonly string[] {
    return [...this.#answers.keys()];
  }

  /**
   * Reports the joined newest answers whenever this node has sent something. Ends when `signal` aborts, or when the node is
   * no member any more.
   */
  async follow(address: string, notify: (fleet: FleetStatus) => void, signal: AbortSignal): Promise<void> {
    let hasStream = true;
    while (!signal.aborted && this.#answers.has(address)) {
      notify(await this.look(address));
      const isUp = (this.#answers.get(address)?.status ?? null) !== null;
      if (isUp && hasStream) hasStream = await this.#stream(address, notify, signal);
      await this.#world.pause(LOOK_EVERY_MS, signal);
    }
  }

  /** Asks one node; resolves with the joined newest answers. Never rejects, whatever the node does. */
  async look(address: string): Promise<FleetStatus> {
    const { name, status } = this.#answers.get(address) ?? { name: address, status: null };
    const hashAtIndex = this.#askFor(address, status?.appliedIndex ?? 0);
    const answer = await this.#client.observe({ name, address }, { timeoutMs: LOOK_TIMEOUT_MS, hashAtIndex });
    return this.#heard(answer, hashAtIndex);
  }

  /** False: this node's build has no stream. */
  async #stream(
    address: string,
    notify: (fleet: FleetStatus) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    let measuredMs = this.#world.now();
    try {
      for await (const status of this.#client.watchStatus(address, signal)) {
        const roundTripMs = this.#answers.get(address)?.roundTripMs ?? null;
        const answer = { name: status.nodeName, address, roundTripMs, error: null, status };
        notify(this.#heard({ ...answer, observedAtMs: Date.now() }, 0));
        if (!this.#answers.has(address)) return true;
        if (this.#world.now() - measuredMs < ROUND_TRIP_EVERY_MS) continue;
        measuredMs = this.#world.now();
        notify(await this.look(address));
      }
    } catch (error) {
      return readRpcError(error).code !== grpcStatus.UNIMPLEMENTED;
    }
    return true;
  }

  #heard(answer: Answer, hashAtIndex: number): FleetStatus {
    const { address, status } = answer;
    // Another node's answer may have ended its membership meanwhile.
    const isKnown = this.#answers.has(address);
    if (isKnown) this.#answers.set(address, answer);
    if (status === null || !isKnown) this.#hashes.forget(address);
    else {
      this.#hashes.heard(address, status, hashAtIndex);
      if (this.#round?.index === hashAtIndex) this.#round.told.add(address);
    }
    this.#learn(unasked([...this.#answers.values()]));
    this.#forget();
    const answers = [...this.#answers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#turnRound(answers);
    const up = answers.flatMap((told) => (told.status === null ? [] : [told.address]));
    const index = this.#hashes.common(up) ?? this.#asked;
    return joinAnswers(answers, index, index === null ? new Map() : this.#hashes.at(index, up));
  }

  /** A node without a stream is asked about an index that streaming nodes reported. */
  #askFor(address: string, appliedIndex: number): number {
    const hasStreams = [...this.#answers.values()].some(({ status }) => status?.vitals !== undefined);
    return hasStreams ? this.#hashes.askFor(address, appliedIndex) : (this.#round?.index ?? 0);
  }

  /** A node without any result yet has neither an answer nor an error. */
  #learn(nodes: readonly NodeAddress[]): void {
    const unheard = { roundTripMs: null, error: null, status: null, observedAtMs: 0 };
    for (const node of nodes) {
      if (!this.#answers.has(node.address)) this.#answers.set(node.address, { ...node, ...unheard });
    }
  }

  /** Given endpoints stay: only their operator can take them out. */
  #forget(): void {
    const members = leaderMembers([...this.#answers.values()]);
    if (members === null) return;
    const given = new Set(this.#client.endpoints.map(({ address }) => address));
    for (const address of this.#answers.keys()) {
      if (given.has(address) || members.has(address)) continue;
      this.#answers.delete(address);
      this.#hashes.forget(address);
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
