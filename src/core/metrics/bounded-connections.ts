// Limits the connections of an HTTP port, their time without a request, and the time that an answer may lie unread. What
// must stay true: a new connection is always accepted, because a refused probe looks like a dead process. At the cap
// another connection is closed. It is the one that has waited longest, from the address that holds most. So one
// address's flood closes only its own.

import type { Server, Socket } from "node:net";

export interface Bounds {
  readonly connectionsMax: number;
  /** Time limit for the request's headers, from the connection's start, and for reading the answer. */
  readonly headersWithinMs: number;
}

interface Open {
  readonly address: string;
  deadline: NodeJS.Timeout;
}

export class BoundedConnections {
  readonly #bounds: Bounds;
  /** In order of arrival. */
  readonly #open = new Map<Socket, Open>();
  readonly #byAddress = new Map<string, number>();

  constructor(server: Server, bounds: Bounds) {
    this.#bounds = bounds;
    server.prependListener("connection", (socket) => this.#admit(socket));
  }

  /** Its request has arrived: from now on it waits for us. */
  asked(socket: Socket): void {
    clearTimeout(this.#open.get(socket)?.deadline);
  }

  /** Its answer was written: it must read it in time. */
  answered(socket: Socket): void {
    const open = this.#open.get(socket);
    if (open !== undefined) open.deadline = this.#timer(socket);
  }

  closeAll(): void {
    for (const socket of [...this.#open.keys()]) socket.destroy();
  }

  #admit(socket: Socket): void {
    if (this.#open.size >= this.#bounds.connectionsMax) this.#makeRoom();
    const address = socket.remoteAddress ?? "";
    this.#open.set(socket, { address, deadline: this.#timer(socket) });
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

  #timer(socket: Socket): NodeJS.Timeout {
    return setTimeout(() => socket.destroy(), this.#bounds.headersWithinMs).unref();
  }
}
