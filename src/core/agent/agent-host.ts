// Many agents in one process, listed in a file. Must stay true: a reload touches only the agents whose entry
// changed and waits for none of them. No cluster ever has two agents here at once. A broken file changes
// nothing. Absent: watching the file; the command that hosts the agents decides when to reload.

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Exit, messageOf, OperatorError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { RoleMetrics } from "../metrics/role-metrics.ts";
import type { AgentEntry } from "../wire/files/agents-file.ts";
import { parseAgentsFile } from "../wire/files/agents-file.ts";
import type { ByAuthority } from "../wire/tls/authorities.ts";
import type { TlsChoice } from "../wire/tls/tls.ts";
import type { AgentState, AgentTarget, AgentTuning } from "./agent.ts";
import { Agent, agentTuning } from "./agent.ts";
import { agentMetrics } from "./agent-metrics.ts";

export interface AgentHostOptions {
  /** The agents file (wire/files/agents-file.ts). */
  readonly file: string;
  /**
   * The folder with `ca.crt`, `<cluster>.crt` and `<cluster>.key`, for entries that name no folder of their
   * own.
   */
  readonly certsDirectory: string | "insecure-loopback";
  /** Files of separate authorities, if shards or agents are not proved by `ca.crt` (ADR-0027). */
  readonly authorities?: ByAuthority<string>;
  readonly log: Log;
  readonly tuning?: AgentTuning;
}

export interface AgentView {
  readonly cluster: string;
  readonly shardAddr: string;
  readonly state: AgentState;
}

export type Reloaded =
  | { readonly ok: true; readonly started: number; readonly stopped: number; readonly changed: number }
  | { readonly ok: false; readonly error: OperatorError };

interface Hosted {
  readonly entry: AgentEntry;
  readonly agent: Agent;
}

/** Starts the agents of the file. Throws an OperatorError when the file cannot be used. */
export async function startAgentHost(options: AgentHostOptions): Promise<AgentHost> {
  const host = new AgentHost(options);
  const first = await host.reload();
  if (!first.ok) throw first.error;
  return host;
}

export class AgentHost {
  readonly metrics: RoleMetrics = agentMetrics(this);
  readonly #options: AgentHostOptions;
  // One for all: no cluster has two agents here, so a later dial for a cluster is from the same agent.
  readonly #instance = randomUUID();
  readonly #hosted = new Map<string, Hosted>();
  // Reloads run one after another, whatever starts them.
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: AgentHostOptions) {
    this.#options = options;
  }

  /** Reads the file again and applies it. A broken file is logged and returned, and the old agents stay. */
  reload(): Promise<Reloaded> {
    const next = this.#last.then(() => this.#follow());
    this.#last = next;
    return next;
  }

  /** In the order of the clusters' names. */
  agents(): readonly AgentView[] {
    const views = [...this.#hosted.values()].map(({ entry, agent }) => ({
      cluster: entry.cluster,
      shardAddr: entry.shardAddr,
      state: agent.state,
    }));
    return views.sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  }

  async close(): Promise<void> {
    await this.#last;
    await Promise.all([...this.#hosted.values()].map(({ agent }) => agent.stop()));
    this.#hosted.clear();
  }

  async #follow(): Promise<Reloaded> {
    const { file, log } = this.#options;
    const wanted = await this.#read();
    if (wanted instanceof OperatorError) {
      log.error("the agents file cannot be used; the agents stay as they were", {
        ...{ file, error: wanted.message, why: wanted.parts.why, next: wanted.parts.next },
      });
      return { ok: false, error: wanted };
    }
    const gone = [...this.#hosted.keys()].filter((cluster) => !wanted.has(cluster));
    const fresh = [...wanted.values()].filter((entry) => !this.#hosted.has(entry.cluster));
    const changed = [...this.#hosted.values()].flatMap((hosted) => {
      const entry = wanted.get(hosted.entry.cluster);
      return entry !== undefined && !isDeepStrictEqual(hosted.entry, entry) ? [{ hosted, entry }] : [];
    });
    await Promise.all(gone.map((cluster) => this.#stop(cluster)));
    await Promise.all(changed.map(({ hosted, entry }) => this.#change(hosted, entry)));
    for (const entry of fresh) this.#start(entry);
    const counts = { started: fresh.length, stopped: gone.length, changed: changed.length };
    log.info("the agents file was read", { file, ...counts });
    return { ok: true, ...counts };
  }

  async #read(): Promise<ReadonlyMap<string, AgentEntry> | OperatorError> {
    const { file } = this.#options;
    try {
      const entries = parseAgentsFile(await readFile(file, "utf8"), file);
      return new Map(entries.map((entry) => [entry.cluster, entry]));
    } catch (error) {
      return error instanceof OperatorError ? error : unreadable(file, error);
    }
  }

  #start(entry: AgentEntry): void {
    const { log, tuning = agentTuning } = this.#options;
    const { cluster } = entry;
    const instance = this.#instance;
    const agent = new Agent({
      ...{ cluster, instance, target: targetOf(entry) },
      ...{ tls: this.#tlsOf(entry), log, tuning },
    });
    this.#hosted.set(cluster, { entry, agent });
    agent.start();
  }

  /** Changed certificates need a new agent; a changed shard or demand does not. */
  async #change({ entry: before, agent }: Hosted, entry: AgentEntry): Promise<void> {
    if (before.certs === entry.certs) {
      this.#hosted.set(entry.cluster, { entry, agent });
      agent.follow(targetOf(entry));
      return;
    }
    await this.#stop(entry.cluster);
    this.#start(entry);
  }

  async #stop(cluster: string): Promise<void> {
    await this.#hosted.get(cluster)?.agent.stop();
    this.#hosted.delete(cluster);
  }

  #tlsOf(entry: AgentEntry): TlsChoice {
    const { certsDirectory, authorities = {}, file } = this.#options;
    if (certsDirectory === "insecure-loopback") return certsDirectory;
    const folder = entry.certs === undefined ? certsDirectory : resolve(dirname(file), entry.certs);
    return {
      ca: join(folder, "ca.crt"),
      cert: join(folder, `${entry.cluster}.crt`),
      key: join(folder, `${entry.cluster}.key`),
      authorities,
    };
  }
}

function targetOf({ shardAddr, demand = [] }: AgentEntry): AgentTarget {
  return { shardAddr, demand };
}

function unreadable(file: string, error: unknown): OperatorError {
  return new OperatorError("AGENTS_FILE_UNREADABLE", {
    what: `the agents file ${file} cannot be read`,
    why: messageOf(error),
    next: "give the path of the file that lists the agents",
    exit: Exit.NotFound,
    cause: error,
  });
}
