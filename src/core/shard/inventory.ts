// The machines that this shard can give, as listed in its file. Must stay true: an unusable file changes
// nothing, and the old list stays. Machines of a topology domain are there only while the shard has the
// domain. Absent: watching the file; the command that hosts the shard decides when to read it.

import { OperatorError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { MachinePool } from "../wire/files/machines-file.ts";
import { readMachinesFile } from "../wire/files/machines-file.ts";
import { type DomainTable, domainName } from "./domain-table.ts";
import type { ListedPool } from "./listed-pool.ts";

export class Inventory {
  readonly #file: string | null;
  readonly #log: Log;
  #pools: readonly MachinePool[] | null;
  // Reloads run one after another, so that the last one started decides.
  #last: Promise<unknown> = Promise.resolve();

  /** Null: a shard without machines. Throws MACHINES_FILE_UNREADABLE and MACHINES_FILE_INVALID. */
  static async open(file: string | null, log: Log): Promise<Inventory> {
    return new Inventory(file, log, file === null ? null : await readMachinesFile(file));
  }

  private constructor(file: string | null, log: Log, pools: readonly MachinePool[] | null) {
    this.#file = file;
    this.#log = log;
    this.#pools = pools;
  }

  /**
   * Null: a shard without machines. The file may list a domain's machines before the shard has the domain;
   * they count only while it has it.
   */
  listed(domains: DomainTable): readonly ListedPool[] | null {
    const isHere = ({ domain }: MachinePool) =>
      domain === undefined || domains.get(domainName(domain))?.assigned === true;
    return this.#pools?.map((pool) => ({ ...pool, elsewhere: !isHere(pool) })) ?? null;
  }

  /** Reads the file again; returns whether it was used. An operator's mistake in it never rejects. */
  reload(): Promise<boolean> {
    const next = this.#last.then(() => this.#look());
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #look(): Promise<boolean> {
    const file = this.#file;
    if (file === null) return false;
    try {
      this.#pools = await readMachinesFile(file);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      const { why, next } = error.parts;
      const fault = { file, error: error.message, why, next };
      this.#log.error("the machines file cannot be used; the machines stay as they were", fault);
      return false;
    }
    this.#log.info("the machines file was read", { file, pools: this.#pools.length });
    return true;
  }
}
