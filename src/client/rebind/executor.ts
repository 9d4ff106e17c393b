// Restarts a cluster's agent with another shard's address. For local agents it changes their file and sends a
// signal; for all others it runs the operator's command, such as a helm upgrade. Running either twice does no
// harm.

import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { writeFileDurably } from "../../core/base/durable-file.ts";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import type { Executor, Move } from "../../core/rebind/plan.ts";
import { expandTemplate } from "../../core/rebind/template.ts";
import { agentUnknown, changeShardAddress, parseAgentsFile } from "../../core/wire/files/agents-file.ts";
import { AGENTS_PROCESS, agentsFilePath, lockPath, processFiles } from "../files/layout.ts";
import { withLock } from "../processes/lock.ts";
import { type SupervisorDeps, signalProcess } from "../processes/supervisor.ts";
import { SystemProcesses } from "../processes/system-processes.ts";

const COMMAND_TIMEOUT_MS = 600_000;
const COMMAND_OUTPUT_MAX = 16 * 1024 * 1024;
const OUTPUT_SHOWN = 500;

export interface AgentMover {
  /** Throws an OperatorError when `moveAgent` can't succeed, as far as that is known without acting. */
  check(move: Move, address: string): Promise<void>;
  /**
   * Restarts the agent with `address`, even when it seems to have it already: an earlier run may have been
   * interrupted before the restart. Throws an OperatorError when it can't be done.
   */
  moveAgent(move: Move, address: string): Promise<void>;
}

/** `directory`: the folder of the local fleet, for the local executor. */
export async function openMover(executor: Executor, directory: string | undefined): Promise<AgentMover> {
  switch (executor.kind) {
    case "command":
      return new CommandMover(executor.command);
    case "local":
      if (directory === undefined) throw notLocal();
      return new LocalMover(directory, { processes: await SystemProcesses.open(), clock: systemWaitClock });
  }
}

class LocalMover implements AgentMover {
  readonly #directory: string;
  readonly #file: string;
  readonly #deps: SupervisorDeps;
  // Moves of one wave edit the same file, one after another.
  #last: Promise<void> = Promise.resolve();
  // Each move of a plan is checked, but a plan of 50 000 moves must not read the file 50 000 times.
  #known: { readonly version: string; readonly clusters: ReadonlySet<string> } | null = null;

  constructor(directory: string, deps: SupervisorDeps) {
    this.#directory = directory;
    this.#file = agentsFilePath(directory);
    this.#deps = deps;
  }

  async check({ cluster }: Move): Promise<void> {
    const clusters = await this.#clusters();
    if (!clusters.has(cluster)) throw agentUnknown(this.#file, cluster);
  }

  /** The clusters with an agent in the file now. */
  async #clusters(): Promise<ReadonlySet<string>> {
    const { ino, size, mtimeNs } = await stat(this.#file, { bigint: true }).catch((cause: unknown) => {
      throw noAgentsFile(this.#file, cause);
    });
    const version = `${ino} ${size} ${mtimeNs}`;
    if (this.#known?.version !== version) {
      const agents = parseAgentsFile(await this.#text(), this.#file);
      this.#known = { version, clusters: new Set(agents.map(({ cluster }) => cluster)) };
    }
    return this.#known.clusters;
  }

  moveAgent(move: Move, address: string): Promise<void> {
    // The lock is for other processes' moves: each reads, changes and writes the whole file.
    const edit = this.#last.then(() =>
      withLock(lockPath(this.#directory), this.#deps, async () => {
        const text = await this.#edited(move, address);
        await writeFileDurably(this.#file, new TextEncoder().encode(text));
        // An agents process that is down reads the file when it starts.
        const { pid } = processFiles(this.#directory, AGENTS_PROCESS);
        await signalProcess(pid, "SIGHUP", this.#deps.processes);
      }),
    );
    this.#last = edit.catch(() => undefined);
    return edit;
  }

  async #edited(move: Move, address: string): Promise<string> {
    return changeShardAddress(await this.#text(), this.#file, move.cluster, address);
  }

  #text(): Promise<string> {
    return readFile(this.#file, "utf8").catch((cause: unknown) => {
      throw noAgentsFile(this.#file, cause);
    });
  }
}

class CommandMover implements AgentMover {
  readonly #template: string;

  constructor(template: string) {
    this.#template = template;
  }

  async check(move: Move, address: string): Promise<void> {
    this.#expand(move, address);
  }

  async moveAgent(move: Move, address: string): Promise<void> {
    const [program = "", ...args] = this.#expand(move, address);
    const limits = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: COMMAND_OUTPUT_MAX };
    const running = promisify(execFile)(program, args, limits);
    // Closed at once, so that a command that asks a question does not wait for an answer.
    running.child.stdin?.end();
    try {
      await running;
    } catch (error) {
      throw commandFailed([program, ...args].join(" "), error);
    }
  }

  #expand({ cluster, from, to }: Move, address: string): readonly string[] {
    const expanded = expandTemplate(this.#template, { cluster, from, to, address });
    if (!expanded.ok) throw unusable(this.#template, expanded.what);
    return expanded.argv;
  }
}

function notLocal(): OperatorError {
  return new OperatorError("EXECUTOR_NOT_LOCAL", {
    what: "the local executor restarts agents of a local fleet, and this fleet is not local",
    next: "give the command that restarts an agent: --command 'helm upgrade … --set shardAddress={address}'",
    exit: Exit.Usage,
  });
}

function noAgentsFile(file: string, cause: unknown): OperatorError {
  return new OperatorError("AGENT_UNKNOWN", {
    what: `the local agents' file ${file} cannot be read`,
    why: messageOf(cause),
    next: "for an agent that runs elsewhere, give the command that restarts it: --command '…'",
    exit: Exit.NotFound,
    cause,
  });
}

function unusable(template: string, why: string): OperatorError {
  return new OperatorError("COMMAND_UNUSABLE", {
    what: `the command cannot be run: ${template}`,
    why,
    next: "placeholders are {cluster}, {from}, {to} and {address}",
    exit: Exit.Usage,
  });
}

function commandFailed(command: string, error: unknown): OperatorError {
  const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return new OperatorError("EXECUTOR_FAILED", {
    what: `the command failed: ${command}`,
    // The end of a program's output says more about its failure than the start.
    why: (said || messageOf(error)).slice(-OUTPUT_SHOWN),
    next: "correct it and run the same rebind again: it continues; or undo it: fleet rebind rollback",
    exit: Exit.Failure,
    cause: error,
  });
}
