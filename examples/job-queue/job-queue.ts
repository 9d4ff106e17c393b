// A queue of jobs whose results go to a database outside. Where its log is kept, only the configuration says.

import { type Coordinator, type OpenOptions, openCoordinator, type Place } from "fleet";
import { Database } from "./database.ts";

export interface Configuration extends Place {
  /** Path of the database with the results. */
  readonly database: string;
  readonly host?: string;
}

type Jobs = Record<string, "waiting" | "done">;

export class JobQueue {
  readonly coordinator: Coordinator;
  readonly database: Database;
  readonly #jobs: () => Jobs;

  private constructor(coordinator: Coordinator, database: Database, jobs: () => Jobs) {
    this.coordinator = coordinator;
    this.database = database;
    this.#jobs = jobs;
  }

  static async open({ database: path, ...place }: Configuration): Promise<JobQueue> {
    const database = new Database(path);
    let jobs: Jobs = {};
    const options: OpenOptions = {
      ...place,
      name: "job-queue",
      appliers: {
        enqueue: (payload, entry) => {
          const { job } = payload as { readonly job: string };
          if (jobs[job] !== undefined) throw new Error(`${job} is in the queue already`);
          jobs[job] = "waiting";
          entry.effect("work", { job });
          return Object.keys(jobs).length;
        },
      },
      effects: {
        work: {
          perform: async (payload, { key, log, term }) => {
            const { job } = payload as { readonly job: string };
            const result = job.toUpperCase();
            database.write({ key, log, term, job, result });
            return result;
          },
          completed: (_, payload) => {
            jobs[(payload as { readonly job: string }).job] = "done";
          },
        },
      },
      state: {
        capture: () => ({ ...jobs }),
        restore: (state) => {
          jobs = { ...(state as Jobs | null) };
        },
      },
      onEffectError: (error, key) =>
        console.error(`${key}: ${error instanceof Error ? error.message : error}`),
    };
    try {
      return new JobQueue(await openCoordinator(options), database, () => jobs);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Resolves to the job's index, when it is in the queue. */
  async enqueue(job: string): Promise<number> {
    const { index } = await this.coordinator.submitWrite("enqueue", { job });
    return index;
  }

  /** As of index `atLeast`, or of now. */
  async jobs(atLeast?: number): Promise<Readonly<Jobs>> {
    await this.coordinator.read(atLeast === undefined ? {} : { atLeast });
    return this.#jobs();
  }

  async close(): Promise<void> {
    await this.coordinator.close();
    this.database.close();
  }
}
