// Runs a command of the one executable (deploy/make-executable.ts), in which oclif finds no files. So it passes oclif
// what oclif would read: the commands, the help and the hook. What must stay true: all is printed as by bin/run.js.

import type { Command } from "@oclif/core/command";
import { type Config, Config as OclifConfig, Plugin } from "@oclif/core/config";
import { normalizeArgv } from "@oclif/core/help";
import type { Manifest, PJSON } from "@oclif/core/interfaces";
import { present } from "../../core/base/assert.ts";
import { readOwnJson } from "../../core/base/own-files.ts";
import { argvInOrder } from "./argv-in-order.ts";
import { quietBrokenPipes } from "./pipes.ts";
import { asksForHelp, type CommandTable, runFromTable } from "./run-from-table.ts";
import { slimConfig } from "./slim-config.ts";
import { end, writeData } from "./terminal.ts";

/** Nothing is read from there. */
const ROOT = "/";

/** Answers as bin/run.js does, then ends the process. */
export async function runOneExecutable(table: CommandTable, argv: readonly string[]): Promise<void> {
  try {
    if (argv.length === 1 && ["--version", "-v"].includes(argv[0] ?? "")) writeData(slimConfig().userAgent);
    else await runCommand(table, argv);
  } catch (error) {
    const { handle } = await import("@oclif/core/handle");
    await handle(error as Error);
  }
  end();
}

async function runCommand(table: CommandTable, argv: readonly string[]): Promise<void> {
  const { help: _, ...others } = table;
  if (await runFromTable(others, argv)) return;
  const ordered = argvInOrder(argv);
  quietBrokenPipes();
  const config = await wholeConfig(table);
  if (ordered[0] === "help" && !asksForHelp(ordered)) {
    await (await loadCommand(table, "help")).run(ordered.slice(1), config);
    return;
  }
  const [id = "", ...words] = normalizeArgv(config, [...ordered]);
  const isTopic = config.findCommand(id) === undefined && config.findTopic(id) !== undefined;
  if (ordered.length === 0 || asksForHelp(ordered) || isTopic) {
    const { default: FleetHelp } = await import("./help.ts");
    await new FleetHelp(config).showHelp(isTopic && !asksForHelp(ordered) ? [id] : ordered);
    return;
  }
  const { refuse } = await import("./command-not-found.ts");
  refuse(id, words, config);
}

/** As oclif makes it of the package's files. */
async function wholeConfig(table: CommandTable): Promise<Config> {
  const pjson = readOwnJson("package.json") as PJSON;
  const manifest = readOwnJson("oclif.manifest.json") as Manifest;
  const { name, version } = pjson;
  const plugin = new Plugin({ root: ROOT, isRoot: true });
  Object.assign(plugin, {
    name,
    alias: name,
    version,
    pjson,
    root: ROOT,
    manifest,
    type: "core",
    valid: true,
  });
  plugin.isRoot = true;
  plugin.hooks = {};
  plugin.commandIDs = Object.keys(manifest.commands);
  plugin.commands = Object.values(manifest.commands)
    .map((command) => ({ ...command, pluginType: "core", load: () => loadCommand(table, command.id) }))
    .sort((left, right) => left.id.localeCompare(right.id));
  const config = new OclifConfig({ root: ROOT, plugins: new Map([[name, plugin]]) });
  await config.load();
  return config;
}

/** The class of a command, for help that it makes itself. */
async function loadCommand(table: CommandTable, id: string): Promise<Command.Class> {
  const load = present(table[id.replaceAll(":", " ")], "each command is in the table");
  const Found = (await load()).default as Command.Class;
  Found.id = id;
  return Found;
}
