// What every command of fleet shares: how answers are printed, how failures are shown, which exit code follows, and
// what Ctrl-C does. oclif prints nothing itself: its JSON and error forms differ from our contract.
import { Command } from "@oclif/core/command";
import type {
  ArgInput,
  FlagInput,
  Input,
  OutputArgs,
  OutputFlags,
  ParserOutput,
} from "@oclif/core/interfaces";
import type { ContextColor } from "../../client/context/target.ts";
import { Exit } from "../../core/base/errors.ts";
import type { Look, Paint } from "../model/paint.ts";
import { ASCII, UNICODE } from "../model/symbols.ts";
import type { Mark } from "../model/table.ts";
import { paintFor, wantsColor } from "./color.ts";
import { writeCrashFile } from "./crash-file.ts";
import { refuseEmptyValues } from "./empty-values.ts";
import { bugFailure, expectedFailure, type Failure, failureJson, failureText } from "./failure.ts";
import { momentIn } from "./moment.ts";
import { type OutputOptions, optionsFromArgv, outputFlags, outputOptions } from "./output-flags.ts";
import { quietBrokenPipes, writeFailure } from "./pipes.ts";
import { type GivenTarget, givenTarget, repeatTarget } from "./repeat-target.ts";
import { writeData, writeNote, writeRemarks } from "./terminal.ts";
import { usageError } from "./usage-error.ts";
import { type Rendered, renderView, type TextView, type View } from "./view.ts";

/** Ends a command's work early and says in what state it left things. Its text is shown on stderr. */
export type InterruptHandler = () => Promise<string | undefined> | string | undefined;

/** Beside Ctrl-C. Without a handler they end a process as they do everywhere. */
const ENDS = ["SIGTERM", "SIGHUP"] as const;

export abstract class BaseCommand extends Command {
  static override baseFlags = outputFlags;

  /** How answers are shown. Until the flags are parsed, it follows from the bare arguments. */
  protected output: OutputOptions = optionsFromArgv(this.argv, process.env);
  /** Flags whose empty value says something; of all others it is refused. */
  protected readonly meaningfulWhenEmpty: readonly string[] = [];
  #target: GivenTarget = new Map();
  #interruptHandler: InterruptHandler | null = null;
  #leftBehind: (() => string) | null = null;
  #interrupted = false;

  /** Prints a report in the format asked for: data to stdout, remarks to stderr. */
  protected async print<Report extends object, Row extends object>(
    report: Report,
    view: View<Report, Row>,
  ): Promise<void> {
    this.#write(await renderView(report, view, this.output, this.look(process.stdout)));
  }

  /** The same for a report that is not a list. */
  protected async printText<Report extends object>(report: Report, view: TextView<Report>): Promise<void> {
    await this.print(report, view);
  }

  /** Progress, remarks and hints in one line: to stderr, never into a pipe of data. */
  protected note(text: string, mark?: Mark): void {
    const { paint } = this.look(process.stderr);
    writeNote(this.repeated(text), (safe) => (mark === undefined ? safe : paint.mark(mark, safe)));
  }

  /** The process ends with this code once the command has run. */
  protected exitWith(exit: Exit): void {
    process.exitCode = exit;
  }

  /**
   * What Ctrl-C does before the process ends with 130. A second Ctrl-C ends it at once. A terminal that is closed (SIGHUP), and a
   * process manager's SIGTERM, do the same. Called again, the new handler takes the place of the one before. `leftBehind` says in
   * what state a second Ctrl-C leaves things.
   */
  protected onInterrupt(handler: InterruptHandler, leftBehind: (() => string) | null = null): void {
    // A listener that is there twice would take one signal for two.
    if (this.#interruptHandler === null) for (const signal of ENDS) process.on(signal, this.#onSigint);
    this.#interruptHandler = handler;
    this.#leftBehind = leftBehind;
  }

  /** Symbols and colours as the flags, the environment and the stream allow. */
  protected look(stream: NodeJS.WriteStream): Look {
    const { ascii, utc } = this.output;
    return { paint: this.#paint(stream), symbols: ascii ? ASCII : UNICODE, moment: momentIn(utc) };
  }

  /** The command as typed: "shard list". */
  protected get words(): string {
    return (this.id ?? "").replaceAll(":", " ");
  }

  /** The colour of the context in use; a command without a fleet has none. */
  protected contextColor(): ContextColor | undefined {
    return undefined;
  }

  override jsonEnabled(): boolean {
    // oclif would print the returned value a second time, in its own form.
    return false;
  }

  protected override async init(): Promise<void> {
    await super.init();
    quietBrokenPipes();
    process.on("SIGINT", this.#onSigint);
  }

  protected override async parse<
    F extends OutputFlags<FlagInput>,
    B extends OutputFlags<FlagInput>,
    A extends OutputArgs<ArgInput>,
  >(options?: Input<F, B, A>, argv?: string[]): Promise<ParserOutput<F, B, A>> {
    leaveStdin(options?.args);
    const parsed = await super.parse(options, argv).catch((error: unknown) => {
      // The arguments were looked at, though oclif would warn that they were not.
      this.parsed = true;
      throw usageError(error, this.#words());
    });
    refuseEmptyValues(parsed.raw, this.meaningfulWhenEmpty);
    this.#target = givenTarget(parsed.raw);
    this.output = outputOptions(parsed.flags);
    return parsed;
  }

  protected override async catch(error: Error): Promise<void> {
    // A command that is being interrupted may fail of it; the interruption is what is reported.
    if (this.#interrupted) return;
    const failure = expectedFailure(error) ?? this.#bug(error);
    process.exitCode = failure.exit;
    this.fail(failure);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    for (const signal of ["SIGINT", ...ENDS]) process.off(signal, this.#onSigint);
    await super.finally(error);
  }

  /** Shows a failure: as text on stderr, or as JSON on stdout when that was asked for. */
  protected fail({ next, ...rest }: Failure): void {
    const failure = { ...rest, next: next === null ? null : this.repeated(next) };
    const { format } = this.output;
    const text = failureText(failure, this.#paint(process.stderr));
    if (format === "json" || format === "jsonl") {
      writeFailure(failureJson(failure, format === "json"), text, failure.exit);
    } else {
      writeRemarks(text);
    }
  }

  readonly #onSigint = (): void => {
    if (this.#interrupted || this.#interruptHandler === null) {
      if (this.#interrupted && this.#leftBehind !== null) this.note(this.#leftBehind());
      process.exit(Exit.Interrupted);
    }
    this.#interrupted = true;
    const handler = this.#interruptHandler;
    // A handler that fails must not keep the process alive; it is reported as the bug that it is.
    void Promise.resolve()
      .then(handler)
      .then((text) => (text === undefined ? undefined : this.note(text)))
      .catch((error: unknown) => this.fail(expectedFailure(error) ?? this.#bug(error)))
      .finally(() => process.exit(Exit.Interrupted));
  };

  #bug(error: unknown): Failure {
    const { FLEET_DEBUG: debug } = process.env;
    if (debug === "1") writeRemarks(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return bugFailure(error, writeCrashFile(error, [this.id ?? "", ...this.argv], Date.now()));
  }

  #paint(stream: NodeJS.WriteStream): Paint {
    const situation = { refused: this.output.noColor, isTerminal: stream.isTTY === true, env: process.env };
    return paintFor(wantsColor(situation), this.contextColor());
  }

  /** Commands in `text` mean the fleet that this command line named. */
  protected repeated(text: string): string {
    return repeatTarget(text, this.#target, (words) => {
      const parts = words.split(" ");
      const ids = parts.map((_, at) => parts.slice(0, at + 1).join(":")).reverse();
      const id = ids.find((each) => this.config.findCommand(each) !== undefined);
      return Object.keys((id === undefined ? undefined : this.config.findCommand(id))?.flags ?? {});
    });
  }

  #words(): { command: string; flags: string[] } {
    const flags = Object.keys({ ...this.ctor.baseFlags, ...this.ctor.flags });
    return { command: this.words, flags };
  }

  #write({ data, notes }: Rendered): void {
    if (data !== "") writeData(data);
    if (notes !== "") writeRemarks(notes);
  }
}

/** Oclif would fill an argument that is missing with what standard input has: a name, from a pipe that was meant for `-`. */
function leaveStdin(args: ArgInput = {}): void {
  for (const arg of Object.values(args)) arg.ignoreStdin = true;
}
