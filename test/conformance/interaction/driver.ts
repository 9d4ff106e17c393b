// Runs the interaction suite: whole cores wired together by a script.

import { CommandError } from "../command-error.ts";
import type { Directive } from "../datadriven.ts";
import { addNodes } from "./add-nodes.ts";
import {
  campaign,
  compact,
  deliverMessages,
  forgetLeader,
  printLog,
  printStates,
  printStatus,
  propose,
  proposeConfChange,
  reportUnreachable,
  sendSnapshot,
  setElectionTimeout,
  setLogLevel,
  tickElection,
  tickHeartbeat,
  transferLeadership,
} from "./commands.ts";
import { Environment } from "./environment.ts";
import { processAppendCommand, processApplyCommand, processReadyCommand, stabilize } from "./processing.ts";

type Command = (environment: Environment, directive: Directive) => void;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["_breakpoint", () => {}],
  ["add-nodes", addNodes],
  ["campaign", campaign],
  ["compact", compact],
  ["deliver-msgs", deliverMessages],
  ["forget-leader", forgetLeader],
  ["log-level", setLogLevel],
  ["process-append-thread", processAppendCommand],
  ["process-apply-thread", processApplyCommand],
  ["process-ready", processReadyCommand],
  ["propose", propose],
  ["propose-conf-change", proposeConfChange],
  ["raft-log", printLog],
  ["raft-state", printStates],
  ["report-unreachable", reportUnreachable],
  ["send-snapshot", sendSnapshot],
  ["set-randomized-election-timeout", setElectionTimeout],
  ["stabilize", stabilize],
  ["status", printStatus],
  ["tick-election", tickElection],
  ["tick-heartbeat", tickHeartbeat],
  ["transfer-leadership", transferLeadership],
]);

export class InteractionDriver {
  readonly #environment = new Environment();

  run(directive: Directive): string {
    const error = this.#perform(directive);
    // A silenced command has printed nothing; its error is output anyway.
    const text = this.#environment.output.take() + error;
    return text === "" ? "ok" : text;
  }

  /** The error's text, empty if the command succeeded. */
  #perform(directive: Directive): string {
    try {
      const command = COMMANDS.get(directive.command);
      if (command === undefined) throw new CommandError("unknown command");
      command(this.#environment, directive);
      return "";
    } catch (error) {
      if (error instanceof CommandError) return error.message;
      throw error;
    }
  }
}
