// How a shard learns of revocations (ADR-0026). A stream from any coordinator sends each change at once, and
// the answers to its reports show whether that stream has fallen behind. What must stay true: no other part
// of the shard waits for it. Only the obeyed incarnation is trusted. The last list stays in force while no
// coordinator answers.

import type { ClientReadableStream } from "@grpc/grpc-js";
import type { Log } from "../base/log.ts";
import type { CoordinatorClient, DenyListNews } from "../wire/gen/fleet/v1/coordinator.ts";
import { connectCoordinator } from "../wire/leader/coordinator-client.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import type { HeldDenials } from "../wire/tls/held-denials.ts";
import type { Tls } from "../wire/tls/tls.ts";

/** Delay between two streams: a coordinator that is down is not dialed in a loop. */
const RETRY_MS = 500;

export interface RevocationWatchOptions {
  readonly tls: Tls;
  /** host:port of coordinator replicas, as they are known now. */
  readonly coordinators: () => readonly string[];
  readonly held: HeldDenials;
  /** The id of the incarnation that the shard obeys; null = none yet. */
  readonly obeyed: () => string | null;
  readonly log: Log;
  /** The coordinator to ask first: shards spread over all of them. */
  readonly first: number;
}

export class RevocationWatch {
  readonly #options: RevocationWatchOptions;
  readonly #clients = new Map<string, CoordinatorClient>();
  #next: number;
  #stream: ClientReadableStream<DenyListNews> | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** At the previous report. */
  #wasBehind = false;
  #isClosed = false;

  constructor(options: RevocationWatchOptions) {
    this.#options = options;
    this.#next = options.first;
  }

  start(): void {
    this.#open();
  }

  /**
   * A leader that the shard obeys has a list of this version: if the shard's is older, it asks another
   * coordinator.
   */
  compare(incarnation: string, version: number | undefined): void {
    const { held, log } = this.#options;
    if (version === undefined || (version === 0 && held.held.version === 0)) return;
    const isBehind = held.held.incarnation !== incarnation || held.held.version < version;
    if (isBehind && this.#wasBehind) {
      log.warn("the list of revoked certificates is behind the leader's", {
        held: held.held.version,
        version,
      });
    }
    this.#wasBehind = isBehind && !this.#wasBehind;
    const stream = this.#stream;
    if (!isBehind || stream === null) return;
    this.#ended(stream, null);
    stream.cancel();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stream?.cancel();
    this.#stream = null;
    for (const client of this.#clients.values()) client.close();
  }

  #open(): void {
    if (this.#isClosed) return;
    const { held } = this.#options;
    const coordinators = this.#options.coordinators();
    const address = coordinators[this.#next % coordinators.length];
    this.#forget(coordinators);
    if (address === undefined) return;
    const stream = this.#client(address).watchRevocations(held.held);
    this.#stream = stream;
    stream.on("data", (news: DenyListNews) => this.#heard(news));
    stream.on("error", (error) => this.#ended(stream, error));
    stream.on("end", () => this.#ended(stream, null));
  }

  #heard(news: DenyListNews): void {
    const { held, obeyed } = this.#options;
    // Another incarnation's versions mean nothing here. Once the shard obeys it, `compare` asks again.
    const incarnation = obeyed();
    if (incarnation === null || incarnation === news.incarnation) held.take(news);
  }

  #ended(stream: ClientReadableStream<DenyListNews>, error: unknown): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.#next += 1;
    // The reports already log once that coordinators are dead.
    if (error !== null)
      this.#options.log.debug?.("a watch of revocations has ended", { ...readRpcError(error) });
    this.#timer = setTimeout(() => this.#open(), RETRY_MS);
  }

  /** No stream is open. */
  #forget(present: readonly string[]): void {
    for (const [address, client] of this.#clients) {
      if (present.includes(address)) continue;
      client.close();
      this.#clients.delete(address);
    }
  }

  #client(address: string): CoordinatorClient {
    const known = this.#clients.get(address) ?? connectCoordinator(this.#options.tls, address);
    this.#clients.set(address, known);
    return known;
  }
}
