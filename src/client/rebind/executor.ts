// Having a cluster's agent restarted with another shard's address: for local agents by their file and a signal, for
// everybody else by a command of their own, such as a helm upgrade. Running either twice does no harm.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { writeFileDurably } from "../../core/base/durable-file.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { Executor, Move } from "../../core/rebind/plan.ts";
import { expandTemplate } from "../../core/rebind/template.ts";
import { changeShardAddress, parseAgentsFile } from "../../core/wire/agents-file.ts";
import { AGENTS_PROCESS, agentsFilePath, processFiles } from "../local/layout.ts";
import { signalProcess } from "../local/supervisor.ts";
import { SystemProcesses } from "../local/system-processes.ts";

const COMMAND_TIMEOUT_MS = 600_000;
const OUTPUT_SHOWN = 500;

export interface AgentMover {
  /** Whether the agent is configured with `address` already, as far as can be told without acting. */
  isMoved(move: Move, address: string): Promise<boolean>;
  /** Throws an OperatorError when the agent could not be restarted. */
  moveAgent(move: Move, address: string): Promise<void>;
}

/** `directory`: the folder of the local fleet, for the local executor. */
export async function openMover(executor: Executor, directory: string | undefined): Promise<AgentMover> {
  switch (executor.kind) {
    case "command":
      return new CommandMover(executor.command);
    case "local":
      if (directory === undefined) throw notLocal();
      return new LocalMover(directory, await SystemProcesses.open());
  }
}

class LocalMover implements AgentMover {
  readonly #directory: string;
  readonly #file: string;
  readonly #processes: SystemProcesses;
  // Moves of one wave edit the same file, one after another.
  #last: Promise<void> = Promise.resolve();

  constructor(directory: string, processes: SystemProcesses) {
    this.#directory = directory;
    this.#file = agentsFilePath(directory);
    this.#processes = processes;
  }

  async isMoved(move: Move, address: string): Promise<boolean> {
    const agents = parseAgentsFile(await readFile(this.#file, "utf8"), this.#file);
    return agents.some((agent) => agent.cluster === move.cluster && agent.shardAddr === address);
  }

  moveAgent(move: Move, address: string): Promise<void> {
    const edit = this.#last.then(async () => {
      const text = changeShardAddress(await readFile(this.#file, "utf8"), this.#file, move.cluster, address);
      await writeFileDurably(this.#file, new TextEncoder().encode(text));
      // An agents process that is down reads the file when it starts.
      await signalProcess(processFiles(this.#directory, AGENTS_PROCESS).pid, "SIGHUP", this.#processes);
    });
    this.#last = edit.catch(() => undefined);
    return edit;
  }
}

class CommandMover implements AgentMover {
  readonly #template: string;

  constructor(template: string) {
    this.#template = template;
  }

  isMoved(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async moveAgent(move: Move, address: string): Promise<void> {
    const { cluster, from, to } = move;
    const expanded = expandTemplate(this.#template, { cluster, from, to, address });
    if (!expanded.ok) throw unusable(this.#template, expanded.what);
    const [program = "", ...args] = expanded.argv;
    try {
      await promisify(execFile)(program, args, { timeout: COMMAND_TIMEOUT_MS });
    } catch (error) {
      throw commandFailed(expanded.argv.join(" "), error);
    }
  }
}

function notLocal(): OperatorError {
  return new OperatorError("EXECUTOR_NOT_LOCAL", {
    what: "the local executor restarts agents of a local fleet, and this is none",
    next: "give the command that restarts an agent: --command 'helm upgrade … --set shardAddress={address}'",
    exit: Exit.Usage,
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
    why: (said || (error instanceof Error ? error.message : String(error))).slice(0, OUTPUT_SHOWN),
    next: "put it right and run the same rebind again: it goes on where it stopped; or undo it: fleet rebind rollback",
    exit: Exit.Failure,
    cause: error,
  });
}
