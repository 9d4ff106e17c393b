// A command that talks to a fleet: which one is meant, a client to it that is closed at the end, and the loop of
// `--watch`. The client, and gRPC with it, is loaded only when a command runs.
import { setTimeout as sleep } from "node:timers/promises";
import type { Target } from "../../client/context/target.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import { Exit } from "../../core/base/errors.ts";
import { BaseCommand } from "./base-command.ts";
import { expectedFailure, failureJson, failureText } from "./failure.ts";
import { type TargetFlagValues, targetFlags } from "./fleet-flags.ts";
import { stringify, toContract } from "./json.ts";
import { assertJsonLines, outputFlags } from "./output-flags.ts";
import { clearScreen, repaint } from "./repaint.ts";
import { renderTableView, type TableView } from "./view.ts";

const WATCH_INTERVAL_MS = 1000;

/** A read: where its report comes from, how it looks, and which exit code it deserves. */
export interface Reading<Report, Row> {
  readonly load: () => Promise<Report>;
  readonly view: TableView<Report, Row>;
  readonly exit?: (report: Report) => Exit;
}

export abstract class FleetCommand extends BaseCommand {
  static override baseFlags = { ...outputFlags, ...targetFlags };

  #client: FleetClient | null = null;

  /** The fleet that flags, FLEET_* variables and contexts mean, in this order. Throws `OperatorError`. */
  protected async target(flags: TargetFlagValues): Promise<Target> {
    const { resolveTarget } = await import("../../client/context/resolve-target.ts");
    const { dir, context, endpoints, ca, cert, key, "insecure-loopback": insecureLoopback } = flags;
    const given = { dir, context, endpoints, ca, cert, key, insecureLoopback };
    return await resolveTarget({ ...given, env: process.env, cwd: process.cwd() });
  }

  /** A client to that fleet; closed when the command ends. */
  protected async client(flags: TargetFlagValues): Promise<FleetClient> {
    const { FleetClient: Client } = await import("../../client/fleet-client.ts");
    this.#client ??= Client.connect(await this.target(flags));
    return this.#client;
  }

  /** Reads once and prints, or goes on reading under `--watch`. Returns the last report. */
  protected async read<Report extends object, Row extends object>(
    flags: { readonly watch: boolean } & Readonly<Record<string, unknown>>,
    reading: Reading<Report, Row>,
  ): Promise<Report> {
    if (flags.watch) {
      if (process.stdout.isTTY !== true) assertJsonLines(flags);
      return await this.#watch(reading);
    }
    const report = await reading.load();
    await this.print(report, reading.view);
    this.exitWith(reading.exit?.(report) ?? Exit.Ok);
    return report;
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.#client?.close();
    await super.finally(error);
  }

  async #watch<Report extends object, Row extends object>(reading: Reading<Report, Row>): Promise<never> {
    const { stdout } = process;
    if (stdout.isTTY === true) stdout.write(clearScreen(stdout.rows));
    for (;;) {
      stdout.write(stdout.isTTY === true ? await this.#frame(reading) : await lineOf(reading));
      await sleep(WATCH_INTERVAL_MS);
    }
  }

  // What fails now may work a second later, which is what is being watched for: an expected failure is shown in
  // place and the watch goes on.
  async #frame<Report extends object, Row extends object>(reading: Reading<Report, Row>): Promise<string> {
    const { stdout } = process;
    const look = this.look(stdout);
    try {
      const { data, notes } = await renderTableView(await reading.load(), reading.view, this.output, look);
      return repaint(data === "" ? notes : data, stdout.rows);
    } catch (error) {
      const failure = expectedFailure(error);
      if (failure === null || failure.exit === Exit.Usage) throw error;
      return repaint(failureText(failure, look.paint), stdout.rows);
    }
  }
}

async function lineOf<Report extends object, Row>(reading: Reading<Report, Row>): Promise<string> {
  try {
    return `${stringify(toContract(reading.view.kind, await reading.load()), false)}\n`;
  } catch (error) {
    const failure = expectedFailure(error);
    if (failure === null || failure.exit === Exit.Usage) throw error;
    return `${failureJson(failure, false)}\n`;
  }
}
