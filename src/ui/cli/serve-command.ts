// A long-running role: structured logs on stdout (a file, under `fleet up` or systemd), a clean end on SIGTERM and
// SIGINT, a new configuration on SIGHUP, and an end with a clear last line when the role can't go on.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import type { TlsChoice } from "../../core/wire/tls.ts";
import { BaseCommand } from "./base-command.ts";
import { expectedFailure } from "./failure.ts";

export const tlsFlags = {
  ca: Flags.string({ summary: "File of the certificate authority" }),
  cert: Flags.string({ summary: "File of this process's certificate" }),
  key: Flags.string({ summary: "File of this process's private key" }),
  "insecure-loopback": Flags.boolean({ summary: "No TLS; on loopback addresses only" }),
};

export const logFlags = {
  "log-level": Flags.option({
    options: ["debug", "info", "warn", "error"] as const,
    default: "info" as const,
  })(),
};

const UNWRITTEN_LOG_BYTES_MAX = 1024 * 1024;

/** A role that runs: how it is told to reload, if it can be, and how it ends. */
export interface RunningRole {
  reload?(): Promise<unknown>;
  close(): Promise<void>;
}

export abstract class ServeCommand extends BaseCommand {
  /** The flags' choice of TLS. Throws an OperatorError when they name neither all files nor plaintext. */
  protected tls(flags: {
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
    readonly "insecure-loopback": boolean;
  }): TlsChoice {
    const { ca, cert, key } = flags;
    if (ca !== undefined && cert !== undefined && key !== undefined) return { ca, cert, key };
    if (flags["insecure-loopback"]) return "insecure-loopback";
    throw new OperatorError("TLS_MISSING", {
      what: "--ca, --cert and --key must all be given",
      why: "every port of a fleet uses mutual TLS",
      next: "give the three files, or --insecure-loopback for a test on this machine",
      exit: Exit.Usage,
    });
  }

  /** Runs a role until a signal or a fatal error ends it. */
  protected async serve(
    level: string,
    start: (log: Log, onFatal: (error: unknown) => void) => Promise<RunningRole>,
  ): Promise<void> {
    const log = await openLog(level);
    const fatal = Promise.withResolvers<unknown>();
    process.on("uncaughtException", fatal.resolve);
    // Before the role starts: a signal that comes meanwhile must not end the process unheard.
    const stop = Promise.withResolvers<NodeJS.Signals>();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop.resolve);
    const started = Promise.withResolvers<RunningRole>();
    process.on("SIGHUP", () => {
      started.promise.then((role) => role.reload?.()).catch((error: unknown) => logFailure(log, error));
    });
    const role = await start(log, fatal.resolve).catch((error: unknown) => {
      logFailure(log, error);
      // What was opened before the failure would keep the process alive, and its supervisor waiting.
      process.exit(expectedFailure(error)?.exit ?? Exit.Failure);
    });
    started.resolve(role);
    const ended = await Promise.race([
      stop.promise.then((signal) => ({ signal })),
      fatal.promise.then((error) => ({ error })),
    ]);
    // A replica that hit a broken invariant or a failed sync must not go on, not even to close its files.
    if ("error" in ended) {
      logFailure(log, ended.error);
      process.exit(Exit.Failure);
    }
    log.info("stops", { signal: ended.signal });
    await role.close();
    process.exit(Exit.Ok);
  }
}

async function openLog(level: string): Promise<Log> {
  const { pino, stdTimeFunctions } = await import("pino");
  const output = pino.destination({ dest: 1, sync: true, maxLength: UNWRITTEN_LOG_BYTES_MAX });
  // A full disk, or a reader that has gone, costs lines of the log, not the role.
  output.on("error", () => undefined);
  const logger = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: levelName } },
    output,
  );
  return {
    info: (fact, fields) => logger.info(fields ?? {}, fact),
    warn: (fact, fields) => logger.warn(fields ?? {}, fact),
    error: (fact, fields) => logger.error(fields ?? {}, fact),
  };
}

const levelName = (label: string) => ({ level: label });

function logFailure(log: Log, error: unknown): void {
  const failure = expectedFailure(error);
  if (failure !== null) log.error(failure.what, { ...failure });
  else log.error("stops because of a bug", { error: error instanceof Error ? error.stack : String(error) });
}
