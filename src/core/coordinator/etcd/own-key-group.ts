// The key space's group among those of this process. What must stay true: a listener gets every entry that is applied
// after the group was first asked for. So no watch and no lease misses one. A listener that throws does not stop the
// group: it begins again from the state, as after a snapshot.

import type { ServiceContext } from "../calls/context.ts";
import type { KeyListener } from "../group/keys-machine.ts";
import type { KeyGroup } from "./etcd-context.ts";

type Found = Extract<ReturnType<ServiceContext["groups"]["get"]>, { readonly kind: "keys" }>;

export class OwnKeyGroup {
  readonly #groups: ServiceContext["groups"];
  readonly #errors: ServiceContext["internalErrors"];
  readonly #listeners: KeyListener[] = [];
  #found: Found | null = null;
  #stops: readonly (() => void)[] = [];

  constructor({ groups, internalErrors }: Pick<ServiceContext, "groups" | "internalErrors">) {
    this.#groups = groups;
    this.#errors = internalErrors;
  }

  /** To be called before the group is asked for. */
  addListener(listener: KeyListener): void {
    this.#listeners.push(this.#guarded(listener));
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

  #guarded(listener: KeyListener): KeyListener {
    const restored = this.#errors.guard("a listener to the keys", () => listener.restored());
    const applied: KeyListener["applied"] = (entry, operations) => {
      try {
        listener.applied(entry, operations);
      } catch (error) {
        this.#errors.note(error, "a listener to the keys");
        restored();
      }
    };
    return { applied, restored };
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#found = null;
  }
}
