// Limits the connections of an HTTP port and their time without a request. What must stay true: a new
// connection is always accepted, because a refused probe looks like a dead process. At the cap another
// connection is closed. It is the one that has waited longest, from the address that holds most. So one
// address's flood closes only its own.

import type { Server } from "node:http";
import type { Socket } from "node:net";

export interface Bounds {
  readonly connectionsMax: number;
  /** Time limit for the next request's headers, from the connection's start or its last answer. */
  readonly headersWithinMs: number;
}

interface Open {
  readonly address: string;
  deadline: NodeJS.Timeout;
  /** Requests that are being answered, pipelined ones included. */
  requests: number;
}

export function boundConnections(server: Server, bounds: Bounds): void {
  new BoundedConnections(server, bounds);
}

class BoundedConnections {
  readonly #bounds: Bounds;
  /** In order of arrival. */
  readonly #open = new Map<Socket, Open>();
  readonly #byAddress = new Map<string, number>();

  constructor(server: Server, bounds: Bounds) {
    this.#bounds = bounds;
    server.on("connection", (socket) => this.#admit(socket));
    server.on("request", ({ socket }, response) => {
      this.#asked(socket, 1);
      response.once("close", () => this.#asked(socket, -1));
    });
  }

  #admit(socket: Socket): void {
    if (this.#open.size >= this.#bounds.connectionsMax) this.#makeRoom();
    const address = socket.remoteAddress ?? "";
    this.#open.set(socket, { address, deadline: this.#timer(socket), requests: 0 });
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    socket.once("close", () => this.#forget(socket));
  }

  #makeRoom(): void {
    const most = Math.max(...this.#byAddress.values());
    for (const [socket, { address }] of this.#open) {
      if (this.#byAddress.get(address) !== most) continue;
      this.#forget(socket);
      socket.destroy();
      return;
    }
  }

  #forget(socket: Socket): void {
    const open = this.#open.get(socket);
    if (open === undefined) return;
    clearTimeout(open.deadline);
    this.#open.delete(socket);
    const left = (this.#byAddress.get(open.address) ?? 0) - 1;
    if (left > 0) this.#byAddress.set(open.address, left);
    else this.#byAddress.delete(open.address);
  }

  #asked(socket: Socket, change: number): void {
    const open = this.#open.get(socket);
    if (open === undefined) return;
    open.requests += change;
    clearTimeout(open.deadline);
    if (open.requests === 0) open.deadline = this.#timer(socket);
  }

  #timer(socket: Socket): NodeJS.Timeout {
    return setTimeout(() => socket.destroy(), this.#bounds.headersWithinMs).unref();
  }
}
