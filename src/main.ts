// The entry of the long-running roles, and of the command that is started most often. `npm run build` bundles this file
// with all of its imports (deploy/make-bundle.ts). All other commands but a few are in a bundle of their own, so that a
// role loads nothing of theirs.

import { type CommandTable, runFromTable } from "./ui/cli/run-from-table.ts";

const QUICK: CommandTable = {
  "serve coordinator": () => import("./commands/serve/coordinator.ts"),
  "serve nodes": () => import("./commands/serve/nodes.ts"),
  "serve shard": () => import("./commands/serve/shard.ts"),
  "serve agents": () => import("./commands/serve/agents.ts"),
  status: () => import("./commands/status.ts"),
};

/** Runs the command of `argv` and resolves to true; to false when it is another one. */
export const runQuickly = (argv: readonly string[]): Promise<boolean> => runFromTable(QUICK, argv);
