// Logins: each connection whose certificate proved an identity is counted by its kind, and the log says who,
// with which certificate and from where (caller-lines.ts). Operators and replicas are logged at info; shards
// and agents, of which there are thousands, at debug. What must stay true: a flood at one level takes no
// lines of the other. One identity takes at most its share of lines, and no other identity takes those of
// administrators.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { certificateOf, formatIdentity, type Identity, isTenant } from "../tls/identity.ts";
import { CallerLines } from "./caller-lines.ts";
import { networkOf } from "./network-of.ts";

export class Logins {
  readonly #admins: CallerLines;
  readonly #staff: CallerLines;
  /** Null: the level is off. */
  readonly #tenants: CallerLines | null;
  readonly #counts = new Map<Identity["kind"], number>();

  constructor(log: Pick<Log, "info" | "debug">, now: () => MonotonicMs) {
    const text = "a caller logged in";
    this.#admins = new CallerLines((fields) => log.info(text, fields), now);
    this.#staff = new CallerLines((fields) => log.info(text, fields), now);
    const { debug } = log;
    this.#tenants = debug === undefined ? null : new CallerLines((fields) => debug(text, fields), now);
  }

  /** By kind of identity. */
  get counts(): ReadonlyMap<Identity["kind"], number> {
    return this.#counts;
  }

  /** `from`: without the port. */
  note(identity: Identity, from: string): void {
    const { kind } = identity;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    const who = formatIdentity(identity);
    const serial = certificateOf(identity)?.serial ?? "";
    // One host has all addresses of its network.
    const key = `${who} ${serial} ${networkOf(from)}`;
    this.#linesOf(kind)?.log(key, { identity: who, serial, from }, who);
  }

  #linesOf(kind: Identity["kind"]): CallerLines | null {
    if (kind === "admin") return this.#admins;
    return isTenant({ kind }) ? this.#tenants : this.#staff;
  }
}
