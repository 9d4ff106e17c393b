// `fleet top`: the live dashboard; `--once` prints a single frame of it, for pipes and reports.
import { Flags } from "@oclif/core";
import type { FleetClient } from "../client/fleet-client.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { shellWord } from "../core/base/shell-word.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { verdictOf } from "../ui/model/top/health.ts";
import { observe } from "../ui/model/top/observe.ts";
import { initialTopState, type TopState } from "../ui/model/top/state.ts";

// A pipe has no size: wide enough for every column, high enough for every part of a small fleet.
const PIPE_SIZE = { columns: 120, rows: 40 };
/** Flags that say which fleet is meant. */
const TARGET_FLAGS = ["context", "dir", "endpoints", "ca", "cert", "key"] as const;

export default class Top extends FleetCommand {
  static override summary = "Watch a fleet live: who leads, commits, nodes, shards, clusters and their drift";
  static override description =
    `The overview opens first. 0 to 9, tab or : choose another view: nodes, groups, shards, clusters, domains,
instructions, shortfalls, quotas, sessions, providers, audit, snapshots. enter opens a row, / filters, s sorts, y copies the
command line that shows the same, ? shows all keys, q quits. --once exits with 5 unless all is healthy.`;
  static override examples = ["<%= config.bin %> top", "<%= config.bin %> top --once"];
  static override flags = { once: Flags.boolean({ summary: "Print one frame and exit" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Top);
    if (!flags.once && !(process.stdout.isTTY && process.stdin.isTTY)) throw noTerminal();
    const client = await this.client(flags);
    if (flags.once) await this.#printFrame(client);
    else await this.#live(client, targetWords(flags));
  }

  async #live(client: FleetClient, words: string): Promise<void> {
    const [{ FleetWatch }, { liveFeeds }, { runDashboard }, { TopStore }, { pause }] = await Promise.all([
      import("../client/fleet-watch.ts"),
      import("../ui/top-sources.ts"),
      import("../ui/top-dashboard.tsx"),
      import("../ui/top-store.ts"),
      import("../ui/top-poller.ts"),
    ]);
    const now = () => performance.now();
    const store = new TopStore(now(), Date.now(), words);
    const view = () => store.snapshot().view;
    const feeds = liveFeeds(new FleetWatch(client, { now, pause }), client, view, now);
    const ended = await runDashboard(store, feeds, process, this.look(process.stdout));
    this.exitWith(ended === "interrupted" ? Exit.Interrupted : Exit.Ok);
  }

  async #printFrame(client: FleetClient): Promise<void> {
    const [{ pollOnce }, { onceSources }] = await Promise.all([
      import("../ui/top-poller.ts"),
      import("../ui/top-sources.ts"),
    ]);
    const now = () => performance.now();
    let state = initialTopState(now(), Date.now());
    await pollOnce(onceSources(client, now), (event) => {
      state = observe(state, event);
    });
    state = observe(state, { kind: "tick", atMs: now(), wallMs: Date.now() });
    const { fleet, lists } = state;
    const report = {
      fleet: fleet?.value ?? null,
      shards: lists.shards?.value ?? null,
      clusters: lists.clusters?.value ?? null,
    };
    const frame = await this.#frame(state);
    await this.printText(report, { kind: "Top", text: () => [frame] });
    this.exitWith(verdictOf(state) === "healthy" ? Exit.Ok : Exit.NoQuorum);
  }

  async #frame(state: TopState): Promise<string> {
    const { frameText } = await import("../ui/top-dashboard.tsx");
    const { stdout } = process;
    const size = stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows - 1 } : PIPE_SIZE;
    return frameText(state, size, this.look(stdout));
  }
}

/** As they were given, so that a command line that is copied means the same fleet. */
function targetWords(flags: Readonly<Record<string, unknown>>): string {
  return TARGET_FLAGS.flatMap((name) => {
    const value = flags[name];
    return typeof value === "string" ? [`--${name} ${shellWord(value)}`] : [];
  }).join(" ");
}

function noTerminal(): OperatorError {
  return new OperatorError("NO_TERMINAL", {
    what: "fleet top needs a terminal, and standard output or input is not one",
    next: "print one frame with: fleet top --once",
    exit: Exit.Usage,
  });
}
