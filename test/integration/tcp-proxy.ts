// A TCP proxy that a test owns: one wire of the network between processes, which can be cut and healed.
// What must stay true: once `cut` or `freeze` has returned, no further byte passes until `heal`.

import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { assert } from "../../src/core/base/assert.ts";

type Mode = "open" | "cut" | "frozen";

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #mode: Mode = "open";
  #targetPort = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (near) => this.#accept(near));
  }

  /** Listens on a free port of loopback; leads nowhere until `aim` is called. */
  static async open(): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TcpProxy(server);
  }

  get address(): string {
    const bound = this.#server.address();
    assert(bound !== null && typeof bound === "object", "the proxy listens");
    return `127.0.0.1:${bound.port}`;
  }

  /** New connections lead to this address on loopback. */
  aim(address: string): void {
    this.#targetPort = Number(address.split(":").at(-1));
  }

  /** Ends every connection and refuses new ones: a host that answers with resets. */
  cut(): void {
    this.#mode = "cut";
    this.#dropAll();
  }

  /** Keeps every connection and passes nothing on: a network that swallows packets. New ones wait as well. */
  freeze(): void {
    this.#mode = "frozen";
    for (const { near, far } of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.pause();
      far.pause();
    }
  }

  /** What was frozen continues where it stopped. */
  heal(): void {
    const wasFrozen = this.#mode === "frozen";
    this.#mode = "open";
    if (wasFrozen) for (const pair of this.#pairs) join(pair);
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    near.on("error", () => near.destroy());
    if (this.#mode === "cut" || this.#targetPort === 0) {
      near.destroy();
      return;
    }
    const far = dial(this.#targetPort, "127.0.0.1");
    const pair = { near, far };
    this.#pairs.add(pair);
    far.on("error", () => far.destroy());
    near.on("close", () => this.#drop(pair));
    far.on("close", () => this.#drop(pair));
    if (this.#mode === "open") join(pair);
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.near.destroy();
    pair.far.destroy();
  }

  #dropAll(): void {
    for (const pair of this.#pairs) this.#drop(pair);
  }
}

function join({ near, far }: Pair): void {
  near.pipe(far);
  far.pipe(near);
}
