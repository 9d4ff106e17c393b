// The key space's group among those of this process. What must stay true: a listener hears of every entry that is
// applied after the group was first asked for, so no watch and no lease misses one.

import type { ServiceContext } from "../calls/context.ts";
import type { KeyListener } from "../group/keys-machine.ts";
import type { KeyGroup } from "./etcd-context.ts";

type Found = Extract<ReturnType<ServiceContext["groups"]["get"]>, { readonly kind: "keys" }>;

export class OwnKeyGroup {
  readonly #groups: ServiceContext["groups"];
  readonly #listeners: KeyListener[] = [];
  #found: Found | null = null;
  #stops: readonly (() => void)[] = [];

  constructor(groups: ServiceContext["groups"]) {
    this.#groups = groups;
  }

  /** To be called before the group is asked for. */
  addListener(listener: KeyListener): void {
    this.#listeners.push(listener);
  }

  /** Null while this replica has not opened it. */
  now(): KeyGroup | null {
    const found = this.#found;
    if (found !== null && this.#groups.get(found.group) === found) return found;
    this.stop();
    for (const group of this.#groups.values()) {
      if (group.kind === "keys" && group.group <= (this.#found?.group ?? group.group)) this.#found = group;
    }
    const { machine } = this.#found ?? {};
    if (machine !== undefined) this.#stops = this.#listeners.map((listener) => machine.listen(listener));
    return this.#found;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#found = null;
  }
}
