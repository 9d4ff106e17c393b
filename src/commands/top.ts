// `fleet top`: the live dashboard; `--once` prints a single frame of it, for pipes and reports.
import { Flags } from "@oclif/core";
import type { FleetClient } from "../client/fleet-client.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { initialTopState, observe, type TopState } from "../ui/model/top-state.ts";

// A pipe has no size: wide enough for every column, high enough for every pane of a small fleet.
const PIPE_SIZE = { columns: 120, rows: 40 };

export default class Top extends FleetCommand {
  static override summary = "Watch a fleet live: nodes, commit rate, shards, bindings and their drift";
  static override description = "Keys: 1 2 3 or tab choose a pane, ? shows the others, q quits.";
  static override examples = ["<%= config.bin %> top", "<%= config.bin %> top --once"];
  static override flags = { once: Flags.boolean({ summary: "Print one frame and exit" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Top);
    if (!flags.once && !(process.stdout.isTTY && process.stdin.isTTY)) throw noTerminal();
    const client = await this.client(flags);
    if (flags.once) await this.#printFrame(client);
    else await this.#live(client);
  }

  async #live(client: FleetClient): Promise<void> {
    const [{ FleetWatch }, { liveSources }, { runDashboard }, { pause }] = await Promise.all([
      import("../client/fleet-watch.ts"),
      import("../ui/top-sources.ts"),
      import("../ui/top-dashboard.tsx"),
      import("../ui/top-poller.ts"),
    ]);
    const now = () => performance.now();
    const sources = liveSources(new FleetWatch(client, { now, pause }), client, now);
    const ended = await runDashboard(sources, process, this.look(process.stdout));
    this.exitWith(ended === "interrupted" ? Exit.Interrupted : Exit.Ok);
  }

  async #printFrame(client: FleetClient): Promise<void> {
    const [{ pollOnce }, { onceSources }] = await Promise.all([
      import("../ui/top-poller.ts"),
      import("../ui/top-sources.ts"),
    ]);
    let state = initialTopState(performance.now());
    await pollOnce(
      onceSources(client, () => performance.now()),
      (event) => {
        state = observe(state, event);
      },
    );
    const frame = await this.#frame(observe(state, { kind: "tick", atMs: performance.now() }));
    const { fleet, shards, clusters } = state;
    const report = {
      fleet: fleet?.value ?? null,
      shards: shards?.value ?? null,
      clusters: clusters?.value ?? null,
    };
    await this.printText(report, { kind: "Top", text: () => [frame] });
  }

  async #frame(state: TopState): Promise<string> {
    const { frameText } = await import("../ui/top-dashboard.tsx");
    const { stdout } = process;
    const size = stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows - 1 } : PIPE_SIZE;
    return frameText(state, size, this.look(stdout));
  }
}

function noTerminal(): OperatorError {
  return new OperatorError("NO_TERMINAL", {
    what: "fleet top needs a terminal, and standard output is not one",
    next: "print one frame with: fleet top --once",
    exit: Exit.Usage,
  });
}
