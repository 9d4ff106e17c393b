// `fleet top`: the live dashboard; `--once` prints a single frame of it, for pipes and reports.
import { Flags } from "@oclif/core";
import type { FleetClient } from "../client/fleet-client.ts";
import type { FleetReads } from "../client/fleet-reads.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { shellWord } from "../core/base/shell-word.ts";
import { paintFor } from "../ui/cli/color.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { localDeps } from "../ui/cli/local-deps.ts";
import type { Look } from "../ui/model/paint.ts";
import { changeWords, type Writing } from "../ui/model/top/change.ts";
import { verdictOf } from "../ui/model/top/health.ts";
import type { Action } from "../ui/model/top/keys.ts";
import { observe } from "../ui/model/top/observe.ts";
import { initialTopState, type TopEvent, type TopState } from "../ui/model/top/state.ts";
import type { TopOperator } from "../ui/top-operator.ts";
import type { TopRecorder } from "../ui/top-recorder.ts";
import type { TopStore } from "../ui/top-store.ts";

// A pipe has no size: wide enough for every column, high enough for every part of a small fleet.
const PIPE_SIZE = { columns: 120, rows: 40 };
/** Flags that say which fleet is meant. */
const TARGET_FLAGS = ["context", "dir", "endpoints", "ca", "cert", "key"] as const;

export default class Top extends FleetCommand {
  static override summary = "Watch a fleet live: who leads, commits, nodes, shards, clusters and their drift";
  static override description =
    `The overview opens first. Choose another view with 0 to 9, tab or : (a colon). There are views of nodes, groups, shards, clusters,
domains, instructions, shortfalls, quotas, sessions, providers, audit, snapshots and drills. Keys: enter opens a row, / filters,
s sorts, y copies the command line that shows the same, ? shows all keys, q quits. --once exits with 5 unless all is healthy.
With --write, keys also transfer leadership, drain, activate, evacuate and label shards, move and label clusters,
and run drills. Each shows its command line and its dry run first, then asks.`;
  static override examples = [
    "<%= config.bin %> top",
    "<%= config.bin %> top --once",
    "<%= config.bin %> top --write --reason 'rack 7 is moved'",
    "<%= config.bin %> top --record incident.top",
    "<%= config.bin %> top --replay incident.top",
  ];
  static override flags = {
    once: Flags.boolean({ summary: "Print one frame and exit; with --replay the recording's last frame" }),
    from: Flags.string({
      helpValue: "FILE",
      summary: "Show one frame of this bundle (see: fleet bundle)",
      dependsOn: ["once"],
      exclusive: ["replay"],
    }),
    record: Flags.string({
      helpValue: "FILE",
      summary: "Also record the answers in this new file, for --replay",
      exclusive: ["once", "replay"],
    }),
    replay: Flags.string({ helpValue: "FILE", summary: "Play a recording, and ask no fleet" }),
    write: Flags.boolean({ summary: "Allow changes from the dashboard", exclusive: ["once", "replay"] }),
    reason: Flags.string({ summary: "Why; kept in the audit log with each change", dependsOn: ["write"] }),
    command: Flags.string({
      summary:
        "Command that restarts an agent, as for fleet rebind: {cluster} {from} {to} {address} are filled in (default: local agents)",
      dependsOn: ["write"],
    }),
  };

  protected override get isLookingOnly(): boolean {
    return true;
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Top);
    if (!flags.once && !(process.stdout.isTTY && process.stdin.isTTY)) throw noTerminal();
    if (flags.replay !== undefined) return await this.#replay(flags.replay, flags.once);
    if (flags.from !== undefined) return await this.#printOnce(await this.bundled(flags.from));
    const client = await this.client(flags);
    if (flags.once) return await this.#printOnce(client);
    const { reason = "", command: restart = null } = flags;
    const writing = flags.write ? { fleet: client.target.name, reason, restart } : null;
    await this.#live(client, { words: targetWords(flags), record: flags.record, writing });
  }

  /** Seek, speed and pause are keys. */
  async #replay(path: string, isOnce: boolean): Promise<void> {
    const [{ readRecording }, { TopPlayer }, { TopStore }] = await Promise.all([
      import("../ui/read-recording.ts"),
      import("../ui/top-player.ts"),
      import("../ui/top-store.ts"),
    ]);
    const recording = await readRecording(path);
    const store = new TopStore(0, recording.head.atMs);
    const player = new TopPlayer(path, recording, store);
    if (isOnce) {
      player.seek(recording.lengthMs);
      return await this.#printFrame(store.snapshot());
    }
    const { runDashboard } = await import("../ui/top-dashboard.tsx");
    const driver = {
      drive: (signal: AbortSignal) => player.run(signal),
      act: (action: Action) => player.act(action),
    };
    const ended = await runDashboard(store, driver, process, this.look(process.stdout));
    this.exitWith(ended === "interrupted" ? Exit.Interrupted : Exit.Ok);
  }

  async #live(client: FleetClient, { words, record, writing }: LiveOptions): Promise<void> {
    const [
      { FleetWatch },
      { liveFeeds },
      { runDashboard },
      { TopStore },
      { pause, poll },
      { DrillBoardReader },
      { readLocalLogs },
    ] = await Promise.all([
      import("../client/fleet-watch.ts"),
      import("../ui/top-sources.ts"),
      import("../ui/top-dashboard.tsx"),
      import("../ui/top-store.ts"),
      import("../ui/top-poller.ts"),
      import("../ui/cli/drill-board.ts"),
      import("../ui/cli/local-logs.ts"),
    ]);
    const now = () => performance.now();
    const store = new TopStore(now(), Date.now(), words, writing);
    const view = () => store.snapshot().view;
    const drills = new DrillBoardReader(client, await localDeps(() => undefined), this.#plainLook);
    const feeds = liveFeeds(new FleetWatch(client, { now, pause }), client, view, now, {
      drills: () => drills.read(),
      logs: () => readLocalLogs(client.target.directory),
    });
    const recorder = record === undefined ? null : await this.#recorder(record, store, now());
    const operator = writing === null ? null : await this.#operator(client, store, writing);
    const notify = (event: TopEvent): void => {
      if (event.kind === "fleet" || event.kind === "list" || event.kind === "problem") recorder?.note(event);
      store.dispatch(event);
    };
    const driver = {
      drive: (signal: AbortSignal) => {
        const polling = poll(feeds, notify, signal);
        return operator === null ? polling : Promise.race([polling, operator.broken]);
      },
      act: () => operator?.act(),
    };
    const running = runDashboard(store, driver, process, this.look(process.stdout)).finally(async () => {
      await recorder?.close();
      if (operator !== null) await this.#settle(operator);
    });
    // A signal ends a change in order, as Ctrl-C does: first the screen, on which nothing that is said now would stay.
    if (operator !== null)
      this.onInterrupt(async () => {
        store.dispatch({ kind: "action", action: { kind: "interrupt" } });
        await running;
        return undefined;
      });
    const ended = await running;
    this.exitWith(ended === "interrupted" ? Exit.Interrupted : Exit.Ok);
  }

  /** Makes the changes of this dashboard. */
  async #operator(client: FleetClient, store: TopStore, { reason, restart }: Writing): Promise<TopOperator> {
    const [{ TopOperator: Operator }, { TopChanges }] = await Promise.all([
      import("../ui/top-operator.ts"),
      import("../ui/cli/top-changes.ts"),
    ]);
    const output = { ...this.output, format: "table" as const };
    const look = this.#plainLook;
    const deps = await localDeps(() => undefined);
    return new Operator(store, new TopChanges({ client, deps, reason, restart, look, output }));
  }

  /** The screen is gone by now: what is still under way is said below it. */
  async #settle(operator: TopOperator): Promise<void> {
    const { underWay } = operator;
    if (underWay !== null) this.note(`still under way, and cancelled: ${changeWords(underWay)}`);
    if ((await operator.settle()) && underWay !== null)
      this.note("it has ended; to see what it left: fleet status");
  }

  get #plainLook(): Look {
    return { ...this.look(process.stdout), paint: paintFor(false) };
  }

  async #recorder(path: string, store: TopStore, nowMs: number): Promise<TopRecorder> {
    const { TopRecorder: Recorder } = await import("../ui/top-recorder.ts");
    const head = { version: this.config.version, atMs: Date.now(), nowMs };
    return await Recorder.open(path, head, (text) => store.dispatch({ kind: "notice", text }));
  }

  async #printOnce(client: FleetReads): Promise<void> {
    const [{ pollOnce }, { onceSources }] = await Promise.all([
      import("../ui/top-poller.ts"),
      import("../ui/top-sources.ts"),
    ]);
    const now = () => performance.now();
    let state = initialTopState(now(), Date.now());
    await pollOnce(onceSources(client, now), (event) => {
      state = observe(state, event);
    });
    await this.#printFrame(observe(state, { kind: "tick", atMs: now(), wallMs: Date.now() }));
  }

  async #printFrame(state: TopState): Promise<void> {
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
    const { frameRows } = await import("../ui/model/top/frame-rows.ts");
    const { stdout } = process;
    // The last row is the shell's.
    const size = stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows - 1 } : PIPE_SIZE;
    return frameRows(state, size, this.look(stdout), false).join("\n");
  }
}

interface LiveOptions {
  /** Flags that name the fleet. */
  readonly words: string;
  readonly record: string | undefined;
  readonly writing: Writing | null;
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
