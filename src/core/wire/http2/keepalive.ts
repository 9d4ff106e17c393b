// Pings the peer of a connection, and ends the connection if it gives no sign of life. Only the answer to a ping, or
// data after it, distinguish a frozen process from an idle one (channel-options.ts). Some clients read nothing between
// their calls (gRPC's C core, so Python's). On their ports only a peer with an open call must answer.

export interface KeepaliveTimes {
  readonly everyMs: number;
  readonly withinMs: number;
  /** A peer without an open call is not pinged, and need not answer. */
  readonly needsCall?: boolean;
}

export class Keepalive {
  readonly #times: KeepaliveTimes;
  readonly #ping: () => void;
  readonly #onSilence: () => void;
  readonly #hasCall: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #isAsked = false;
  #isHeard = false;

  constructor(
    times: KeepaliveTimes,
    ping: () => void,
    onSilence: () => void,
    hasCall: () => boolean = () => true,
  ) {
    this.#times = times;
    this.#ping = ping;
    this.#onSilence = onSilence;
    this.#hasCall = hasCall;
    this.#wait();
  }

  /** The peer has answered a ping; false if it was not asked. */
  answered(): boolean {
    if (!this.#isAsked) return false;
    this.#isAsked = false;
    this.#wait();
    return true;
  }

  /**
   * Data of an open stream have arrived: an answer may wait behind more of them. So it may behind the headers of an idle
   * peer's call. Other headers and frames do not count.
   */
  heard(): void {
    this.#isHeard = true;
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), this.#times.everyMs).unref();
  }

  #ask(): void {
    if (this.#isExcused) {
      this.#wait();
      return;
    }
    this.#isAsked = true;
    this.#ping();
    this.#listen();
  }

  #listen(): void {
    this.#isHeard = false;
    this.#timer = setTimeout(() => {
      if (this.#isHeard || this.#isExcused) this.#listen();
      else this.#onSilence();
    }, this.#times.withinMs).unref();
  }

  get #isExcused(): boolean {
    return this.#times.needsCall === true && !this.#hasCall();
  }
}
