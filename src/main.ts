// The door of the commands that are started often, or run for long: they start without oclif's configuration, which reads
// the manifest of all commands and its plugins. `npm run build` bundles this file with all that it leads to
// (deploy/make-bundle.ts). What must stay true: a command behaves here as when oclif runs it; everything that needs all
// commands (help, aliases, suggestions) is left to oclif.

import type { Config } from "@oclif/core/config";
import { argvInOrder } from "./ui/cli/argv-in-order.ts";
import { quietBrokenPipes } from "./ui/cli/pipes.ts";
import { slimConfig } from "./ui/cli/slim-config.ts";

interface CommandClass {
  id: string;
  new (argv: string[], config: Config): { _run(): Promise<unknown> };
}

/** By the words typed. None of them takes an argument. */
const QUICK: Readonly<Record<string, () => Promise<{ readonly default: unknown }>>> = {
  "serve coordinator": () => import("./commands/serve/coordinator.ts"),
  "serve shard": () => import("./commands/serve/shard.ts"),
  "serve agents": () => import("./commands/serve/agents.ts"),
  status: () => import("./commands/status.ts"),
};

/** Runs the command of `argv` and resolves to true; to false when it is one that oclif runs. */
export async function runQuickly(argv: readonly string[]): Promise<boolean> {
  const ordered = argvInOrder(argv);
  const count = ordered.findIndex((word) => word.startsWith("-"));
  const words = count === -1 ? ordered : ordered.slice(0, count);
  const load = QUICK[words.join(" ")];
  if (load === undefined || asksForHelp(ordered)) return false;
  const Command = (await load()).default as CommandClass;
  Command.id = words.join(":");
  quietBrokenPipes();
  await new Command(ordered.slice(words.length), slimConfig())._run();
  return true;
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? argv.length : end).some((word) => word === "-h" || word === "--help");
}
