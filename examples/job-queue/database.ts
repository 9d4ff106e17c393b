// The outside system: a database of results. It keeps each effect's key with its change, in one transaction, and
// refuses a leader whose term is below one that it has seen. So a repeated effect changes nothing (ADR-0053).

import { DatabaseSync } from "node:sqlite";

export interface Change {
  readonly key: string;
  readonly log: string;
  readonly term: number;
  readonly job: string;
  readonly result: string;
}

/** Changes nothing if the log has had a higher term. */
const RAISE_FENCE = `
  INSERT INTO fences VALUES (?, ?)
  ON CONFLICT (log) DO UPDATE SET term = excluded.term WHERE excluded.term >= fences.term`;

export class Database {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA busy_timeout = 5000;
      CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, job TEXT NOT NULL, result TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS fences (log TEXT PRIMARY KEY, term INTEGER NOT NULL);
    `);
  }

  /** Throws if a later leader has written already. */
  write({ key, log, term, job, result }: Change): void {
    const database = this.#database;
    database.exec("BEGIN IMMEDIATE");
    try {
      const { changes } = database.prepare(RAISE_FENCE).run(log, term);
      if (changes !== 1) throw new Error(`term ${term} has ended`);
      database.prepare("INSERT OR IGNORE INTO results VALUES (?, ?, ?)").run(key, job, result);
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }

  /** The number of rows of each job. */
  rows(): ReadonlyMap<string, number> {
    const found = this.#database.prepare("SELECT job, count(*) AS rows FROM results GROUP BY job").all();
    return new Map(found.map(({ job, rows }) => [String(job), Number(rows)]));
  }

  close(): void {
    this.#database.close();
  }
}
