// A command that makes, starts, stops or removes a local fleet on this machine. It means a folder, never an endpoint
// or a context, and so has none of the flags that name those.
import { resolve } from "node:path";
import { Flags } from "@oclif/core";
import { etcdAddress } from "../../client/files/entry-fields.ts";
import type { LocalDeps } from "../../client/local/deps.ts";
import type { InitReport } from "../../client/local/init.ts";
import { BaseCommand } from "./base-command.ts";
import { localDeps } from "./local-deps.ts";
import { beginChange } from "./pipes.ts";
import type { TextView } from "./view.ts";

export const localFlags = {
  dir: Flags.string({ summary: "Folder of the local fleet (default: .fleet in the current folder)" }),
};

/** `repeated`: makes the commands of a line mean this fleet. */
const started = (repeated: (text: string) => string): TextView<InitReport> => ({
  kind: "LocalFleet",
  text: (report, { paint, symbols }) => [
    paint.mark("good", `${symbols.marks.good} ${headline(report)}`),
    `  leader   ${report.leader}`,
    `  nodes    ${report.nodes.map((node) => `${node.name} ${node.address}`).join(", ")}`,
    ...etcdLine(report),
    ...(report.shards > 0 ? [`  shards   ${report.shards}`] : []),
    ...(report.clusters > 0 ? [`  agents   ${report.clusters}`] : []),
    `  folder   ${report.directory}`,
    `  context  ${report.context}`,
    "",
    repeated(
      `next: fleet status    fleet top    fleet drill ${report.inProcess ? "run partition" : "kill-leader"}`,
    ),
  ],
  name: (report) => report.name,
});

export abstract class LocalCommand extends BaseCommand {
  /** The folder that is meant: --dir, FLEET_DIR, or `.fleet` in the current folder. */
  protected folder(flags: { readonly dir: string | undefined }): Promise<string> {
    return localFolder(flags);
  }

  protected deps(): Promise<LocalDeps> {
    return localDeps((text) => this.note(text));
  }

  /** As `deps`; Ctrl-C ends what was started with them, and says so. */
  protected async startingDeps(directory: string): Promise<LocalDeps> {
    beginChange();
    const { endInterruptedStart, OwnProcesses } = await import("../../client/local/own-processes.ts");
    const deps = await this.deps();
    const processes = new OwnProcesses(deps.processes);
    this.onInterrupt(() => endInterruptedStart(directory, processes, deps));
    return { ...deps, processes };
  }

  protected async printStarted(report: InitReport): Promise<void> {
    const { marks } = this.look(process.stderr).symbols;
    for (const note of report.notes) this.note(`${marks.warn} ${note}`, "warn");
    await this.printText(
      report,
      started((text) => this.repeated(text)),
    );
  }
}

async function localFolder(flags: { readonly dir: string | undefined }): Promise<string> {
  const { FLEET_DIR: fromEnv } = process.env;
  const { defaultFolder } = await import("../../client/files/fleet-folder.ts");
  // A variable that is set to nothing is not set; resolved, it would be the current folder.
  const named = flags.dir ?? (fromEnv === "" ? undefined : fromEnv);
  return named === undefined ? defaultFolder(process.cwd()) : resolve(named);
}

/** What other programs give to etcdctl or an etcd client. */
function etcdLine({ nodes }: InitReport): string[] {
  const endpoints = nodes.flatMap((node) => etcdAddress(node) ?? []);
  return endpoints.length === 0 ? [] : [`  etcd     ${endpoints.map((at) => `https://${at}`).join(",")}`];
}

function headline(report: InitReport): string {
  const { name, nodes, firstWriteMs } = report;
  const what = `fleet ${name} (${nodes.length} ${nodes.length === 1 ? "node" : "nodes"})`;
  const seconds = `${(firstWriteMs / 1000).toFixed(1)} s`;
  switch (report.outcome) {
    case "created":
      return `${what} was made and committed its first write after ${seconds}`;
    case "started":
      return `${what} was started and committed a write after ${seconds}`;
    case "already-running":
      return `${what} is running already; nothing was changed`;
  }
}
