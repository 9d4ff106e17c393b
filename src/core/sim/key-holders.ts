// The operators' keys in a run whose data folders are encrypted (ADR-0031), one file of keys a node. Keys are rotated
// again and again, also right before a process is killed, and some starts are tried with a wrong key first. What must
// stay true: a key file keeps the earlier key until a rotation has succeeded, so that every folder can be opened.

import type { NodeId } from "../base/ids.ts";
import { type OperatorKeys, parseOperatorKeys } from "../seal/operator-keys.ts";
import type { DiskStorage } from "../storage/disk-storage.ts";
import type { EncryptionChoice } from "../storage/folder-keys.ts";
import { Chance } from "./chance.ts";
import type { EventQueue } from "./event-queue.ts";
import { failureCodeOf, isDiskFailure } from "./findings.ts";
import type { Swarm } from "./swarm.ts";
import { check } from "./violation.ts";

const WRONG_PERMILLE = 150;

interface Rotating {
  readonly id: NodeId;
  readonly isUp: boolean;
}

export class KeyHolders {
  readonly #swarm: Swarm;
  readonly #queue: EventQueue;
  readonly #onFinding: (error: unknown) => void;
  readonly #holders = new Map<NodeId, KeyHolder>();

  constructor(swarm: Swarm, queue: EventQueue, onFinding: (error: unknown) => void) {
    this.#onFinding = onFinding;
    this.#swarm = swarm;
    this.#queue = queue;
  }

  /** Null: the run's folders are plain. */
  of(node: NodeId): KeyHolder | null {
    const { seed, rotateMs } = this.#swarm;
    if (rotateMs === 0) return null;
    const holder =
      this.#holders.get(node) ?? new KeyHolder(node, Chance.of(seed, "keys", node), this.#onFinding);
    this.#holders.set(node, holder);
    return holder;
  }

  /** From now on each node's keys are rotated, while its process is up. */
  begin(nodes: readonly Rotating[]): void {
    const { seed, rotateMs } = this.#swarm;
    for (const node of nodes) {
      const holder = this.of(node.id);
      if (holder === null) continue;
      const chance = Chance.of(seed, "rotations", node.id);
      const next = () =>
        this.#queue.after(chance.ms(rotateMs / 10, 2 * rotateMs), () => {
          if (node.isUp) void holder.rotate().catch(holder.found);
          next();
        });
      next();
    }
  }
}

export class KeyHolder {
  /** Takes what must not happen. */
  readonly found: (error: unknown) => void;
  readonly #node: NodeId;
  readonly #chance: Chance;
  #keys: OperatorKeys;
  #storage: DiskStorage | null = null;
  #isRotating = false;

  constructor(node: NodeId, chance: Chance, found: (error: unknown) => void) {
    this.found = found;
    this.#node = node;
    this.#chance = chance;
    this.#keys = parseOperatorKeys(this.#newKey(), "a simulated key");
  }

  get choice(): EncryptionChoice {
    return { keys: this.#keys, existing: false };
  }

  /** A new process has the folder open. */
  opened(storage: DiskStorage): void {
    this.#storage = storage;
    this.#isRotating = false;
  }

  /** The operator puts a new key first, and removes the earlier one once the ring is wrapped with the new one. */
  async rotate(): Promise<void> {
    const storage = this.#storage;
    if (storage === null || this.#isRotating) return;
    this.#isRotating = true;
    const { current, earlier } = this.#keys;
    // An earlier rotation was interrupted: it is done again.
    if (earlier.length === 0) {
      const { current: fresh } = parseOperatorKeys(this.#newKey(), "a simulated key");
      this.#keys = { current: fresh, earlier: [current] };
    }
    try {
      await storage.rotateKeys(this.#keys);
      if (storage === this.#storage) this.#keys = { current: this.#keys.current, earlier: [] };
    } catch (error) {
      if (!isDiskFailure(failureCodeOf(error))) throw error;
    } finally {
      if (storage === this.#storage) this.#isRotating = false;
    }
  }

  /** Sometimes a start uses a foreign key: it is refused, and changes no name in the folder. */
  async tryWrong(
    open: (encryption: EncryptionChoice) => Promise<DiskStorage>,
    names: () => string,
  ): Promise<void> {
    if (!this.#chance.permille(WRONG_PERMILLE)) return;
    const keys = parseOperatorKeys(this.#newKey(), "a wrong key");
    const before = names();
    const code = await open({ keys, existing: false }).then(() => "opened", failureCodeOf);
    check(
      code === "ENCRYPTION_KEY_WRONG" || isDiskFailure(code),
      "encryption",
      () => `with a wrong key, the folder of node ${this.#node} is answered with ${code}`,
    );
    check(
      names() === before,
      "encryption",
      () => `a start of node ${this.#node} with a wrong key changed its folder`,
    );
  }

  #newKey(): string {
    return Array.from({ length: 8 }, () =>
      this.#chance
        .below(2 ** 32)
        .toString(16)
        .padStart(8, "0"),
    ).join("");
  }
}
