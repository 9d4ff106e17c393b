// A command that talks to a fleet. It chooses the fleet, opens a client to it, and closes the client at the end. It
// reads once, again and again, or from an archive. The client, and gRPC with it, is loaded only when a command runs.
import type { Bundle } from "../../client/bundle/section.ts";
import type { ContextColor, Target } from "../../client/context/target.ts";
import type { EtcdClient } from "../../client/etcd/etcd-client.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import type { FleetReads } from "../../client/fleet-reads.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { BaseCommand } from "./base-command.ts";
import { confirmByName } from "./confirm.ts";
import { expectedFailure, type Failure } from "./failure.ts";
import { callTimeoutMs, patienceOf, type TargetFlagValues, targetFlags } from "./fleet-flags.ts";
import { assertJsonLines, outputFlags } from "./output-flags.ts";
import type { View } from "./view.ts";
import { watch } from "./watch-loop.ts";

/** A read: where its report comes from, how it looks, and which exit code it deserves. */
export interface Reading<Report, Row extends object> {
  readonly load: (client: FleetReads) => Promise<Report>;
  /** What is shown of it, when that is not all; an archive holds all. */
  readonly select?: (report: Report) => Report;
  readonly view: View<Report, Row>;
  readonly exit?: (report: Report) => Exit;
}

/** A read's form for a plain etcd cluster. */
export interface EtcdReading<Report, Row extends object> {
  readonly load: (client: EtcdClient, name: string) => Promise<Report>;
  readonly view: View<Report, Row>;
  readonly exit?: (report: Report) => Exit;
}

interface ReadFlagValues extends TargetFlagValues, Readonly<Record<string, unknown>> {
  readonly archive: string | undefined;
  readonly from: string | undefined;
}

export abstract class FleetCommand extends BaseCommand {
  static override baseFlags = { ...outputFlags, ...targetFlags };

  #client: FleetClient | null = null;
  #etcd: EtcdClient | null = null;

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
    if (this.#client === null) {
      const target = await this.target(flags);
      if (target.etcd !== undefined) throw notOnEtcd(this.words, target.name);
      this.#client = Client.connect(target, patienceOf());
      await this.#endInterruptedDrills(this.#client);
    }
    return this.#client;
  }

  /** A drill that was killed leaves its faults: the next command that finds its journal heals them, or says so. */
  async #endInterruptedDrills(client: FleetClient): Promise<void> {
    if (this.words === "drill heal") return;
    const { hasJournals } = await import("../../client/drill/journal-folder.ts");
    if (!(await hasJournals(client.target.directory, process.cwd()))) return;
    const { interruptedDrills } = await import("../../client/drill/interrupted.ts");
    // What cannot be read is no reason to fail the command.
    const found = await interruptedDrills(client.target, process.cwd()).catch(() => null);
    if (found === null) return;
    const { healBefore } = await import("./heal-before.ts");
    await healBefore(client, found, {
      ...{ command: this.words, isLookingOnly: this.isLookingOnly },
      note: (words, mark) => this.note(words, mark),
    });
  }

  /** It shows what is wrong with a fleet, and so must not change that first. */
  protected get isLookingOnly(): boolean {
    return false;
  }

  /** Asks for the fleet's name to be typed out, in its context's colour. Throws NOT_CONFIRMED. */
  protected async confirm(name: string, question: string, yes: boolean): Promise<void> {
    await confirmByName(name, question, yes, this.look(process.stderr).paint);
  }

  protected override contextColor(): ContextColor | undefined {
    return this.#client?.target.color;
  }

  /** Shows what was done, then waits for what follows of it. JSON is one document, with the error in it if that fails. */
  protected async printAndWait<Report extends object, Row extends object>(
    report: Report,
    view: View<Report, Row>,
    wait: () => Promise<void>,
  ): Promise<void> {
    if (this.output.format !== "json") {
      await this.print(report, view);
      await wait();
      return;
    }
    const error = await wait().then(() => null, failureOf);
    await this.print({ ...report, error }, view);
    if (error !== null) this.exitWith(error.exit);
  }

  /** Reads once and prints, or again and again under `--watch`. Returns the last report. */
  protected async read<Report extends object, Row extends object>(
    flags: ReadFlagValues & { readonly watch: boolean },
    reading: Reading<Report, Row>,
  ): Promise<Report> {
    const select = reading.select ?? ((report: Report) => report);
    if (flags.watch) {
      if (process.stdout.isTTY !== true) assertJsonLines(flags);
      const client = await this.client(flags);
      const load = async () => select(await reading.load(client));
      return await watch({ load, view: reading.view }, this.output, this.look(process.stdout));
    }
    const report = await this.#obtain(flags, reading.load, async (whole) => {
      const shown = select(whole);
      await this.print(shown, reading.view);
      return shown;
    });
    this.exitWith(reading.exit?.(report) ?? Exit.Ok);
    return report;
  }

  /** Reads a plain etcd cluster in the form that `form` loads; null when a fleet is meant, or a file. */
  protected async readOnEtcd<Report extends object, Row extends object>(
    flags: ReadFlagValues & { readonly watch: boolean },
    form: () => Promise<EtcdReading<Report, Row>>,
  ): Promise<Report | null> {
    if (flags.from !== undefined) return null;
    const onEtcd = await this.etcd(flags);
    if (onEtcd === null) return null;
    if (flags.archive !== undefined) throw notOnEtcd(`${this.words} --archive`, onEtcd.target.name);
    const { load, view, exit } = await form();
    const once = () => load(onEtcd.client, onEtcd.target.name);
    if (flags.watch) {
      if (process.stdout.isTTY !== true) assertJsonLines(flags);
      return await watch({ load: once, view }, this.output, this.look(process.stdout));
    }
    const report = await once();
    await this.print(report, view);
    this.exitWith(exit?.(report) ?? Exit.Ok);
    return report;
  }

  /** The plain etcd cluster that is meant, and a client to it that is closed at the end; null: a fleet is meant. */
  protected async etcd(flags: TargetFlagValues): Promise<{ client: EtcdClient; target: Target } | null> {
    const target = await this.target(flags);
    if (target.etcd === undefined) return null;
    const { connectStore } = await import("../../client/etcd/connect-store.ts");
    this.#etcd ??= connectStore(target, callTimeoutMs());
    return { client: this.#etcd, target };
  }

  /** The report of a read, from a fleet or from an archive of it, as `show` has shown it. */
  async #obtain<Report extends object, Shown>(
    flags: ReadFlagValues,
    load: (client: FleetReads) => Promise<Report>,
    show: (report: Report) => Promise<Shown>,
  ): Promise<Shown> {
    if (flags.from !== undefined) return await this.#replay(flags.from, load, show);
    const client = await this.client(flags);
    const report = await load(client);
    const shown = await show(report);
    if (flags.archive !== undefined) await this.#archive(flags.archive, client.target, report);
    return shown;
  }

  async #archive(path: string, { name, endpoints }: Target, report: object): Promise<void> {
    const { writeArchive } = await import("../../client/archive-file.ts");
    const target = { name, endpoints: endpoints.map(({ address }) => address) };
    const at = new Date().toISOString();
    await writeArchive(path, { command: this.words, at, version: this.config.version, target, report });
    this.note(`archived in ${path}`);
  }

  /** From an archive of this command, or from a bundle, which answers any read. */
  async #replay<Report extends object, Shown>(
    path: string,
    load: (client: FleetReads) => Promise<Report>,
    show: (report: Report) => Promise<Shown>,
  ): Promise<Shown> {
    const [{ invalidArchive, parseArchive, readArchiveBytes }, { isBundle }] = await Promise.all([
      import("../../client/archive-file.ts"),
      import("../../client/bundle/bundle-file.ts"),
    ]);
    const bytes = await readArchiveBytes(path, this.words);
    try {
      if (isBundle(bytes)) return await show(await this.#fromBundle(path, bytes, load));
      const { at, target, report } = parseArchive(path, bytes.toString("utf8"), this.words);
      this.note(`from ${path}: fleet ${target.name} as it answered at ${at}`);
      // The file says that this very read wrote it; one that was edited since shows as what cannot be shown.
      return await show(report as Report);
    } catch (error) {
      if (expectedFailure(error) !== null) throw error;
      throw invalidArchive(path, "this version cannot read its report");
    }
  }

  async #fromBundle<Report extends object>(
    path: string,
    bytes: Uint8Array,
    load: (client: FleetReads) => Promise<Report>,
  ): Promise<Report> {
    const [{ parseBundle }, { bundleReads, reportIn }] = await Promise.all([
      import("../../client/bundle/bundle-file.ts"),
      import("../../client/bundle/bundle-reads.ts"),
    ]);
    const bundle = await parseBundle(path, bytes);
    this.#noteBundle(path, bundle);
    return (reportIn(bundle, this.words) as Report | null) ?? (await load(bundleReads(path, bundle)));
  }

  /** The fleet in a bundle, for reads that are no single report. Throws ARCHIVE_INVALID. */
  protected async bundled(path: string): Promise<FleetReads> {
    const [{ openBundle }, { bundleReads }] = await Promise.all([
      import("../../client/bundle/open-bundle.ts"),
      import("../../client/bundle/bundle-reads.ts"),
    ]);
    const bundle = await openBundle(path, this.words);
    this.#noteBundle(path, bundle);
    return bundleReads(path, bundle);
  }

  #noteBundle(path: string, { head: { at, target } }: Bundle): void {
    this.note(`from ${path}: fleet ${target.name} as it was at ${at}`);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.#client?.close();
    this.#etcd?.close();
    await super.finally(error);
  }
}

/** An etcd cluster has none of the tables, shards and replicas that most commands are about. */
function notOnEtcd(command: string, name: string): OperatorError {
  return new OperatorError("NOT_ON_ETCD", {
    what: `fleet ${command}: n/a, since ${name} is a plain etcd cluster`,
    why: "it has no coordinators, and so no fleet behind them",
    next: "use a --context of a fleet; docs/keys.md has what works on etcd",
    exit: Exit.Precondition,
  });
}

/** Throws what nothing foresaw. */
function failureOf(error: unknown): Failure {
  const failure = expectedFailure(error);
  if (failure === null) throw error;
  return failure;
}
