// The outside system: a database of results. It keeps each effect's key with its change, in one transaction, and
// refuses a leader whose term is below one that it has seen. So a repeated effect changes nothing (ADR-0053).

import { DatabaseSync } from "node:sqlite";

export interface Change {
  readonly key: string;
  readonly term: number;
  readonly job: string;
  readonly result: string;
}

export class Database {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA busy_timeout = 5000;
      CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, job TEXT NOT NULL, result TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS fence (one INTEGER PRIMARY KEY CHECK (one = 1), term INTEGER NOT NULL);
      INSERT OR IGNORE INTO fence VALUES (1, 0);
    `);
  }

  /** Throws if a later leader has written already. */
  write({ key, term, job, result }: Change): void {
    const database = this.#database;
    database.exec("BEGIN IMMEDIATE");
    try {
      const { changes } = database.prepare("UPDATE fence SET term = ? WHERE term <= ?").run(term, term);
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
