// Pings the peer of a connection, and ends the connection if it gives no sign of life. Only the answer to a ping, or
// data after it, distinguish a frozen process from an idle one (channel-options.ts).

export interface KeepaliveTimes {
  readonly everyMs: number;
  readonly withinMs: number;
}

export class Keepalive {
  readonly #times: KeepaliveTimes;
  readonly #ping: () => void;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isAsked = false;
  #isHeard = false;

  constructor(times: KeepaliveTimes, ping: () => void, onSilence: () => void) {
    this.#times = times;
    this.#ping = ping;
    this.#onSilence = onSilence;
    this.#wait();
  }

  /** The peer has answered a ping; false if it was not asked. */
  answered(): boolean {
    if (!this.#isAsked) return false;
    this.#isAsked = false;
    this.#wait();
    return true;
  }

  /** Data of an open stream have arrived: an answer may wait behind more of them. Other frames and headers do not count. */
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
    this.#isAsked = true;
    this.#ping();
    this.#listen();
  }

  #listen(): void {
    this.#isHeard = false;
    this.#timer = setTimeout(() => {
      if (this.#isHeard) this.#listen();
      else this.#onSilence();
    }, this.#times.withinMs).unref();
  }
}
