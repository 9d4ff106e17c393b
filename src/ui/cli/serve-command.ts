// A long-running role. It writes structured logs to stdout, which `fleet up` and systemd redirect to a file. SIGTERM
// and SIGINT end it cleanly. SIGHUP makes it read its configuration again. If it can't continue, its last line says
// why.
import { Flags } from "@oclif/core";
import { returnStartMemory } from "../../client/processes/start-memory.ts";
import { isBug, present } from "../../core/base/assert.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { Debug, Log, LogLevelName } from "../../core/base/log.ts";
import { printableJson } from "../../core/base/printable.ts";
import type { FindCertificates } from "../../core/metrics/certificate-metrics.ts";
import type { RoleMetrics } from "../../core/metrics/role-metrics.ts";
import type { AuthorityKind, ByAuthority } from "../../core/wire/tls/authorities.ts";
import type { TlsChoice } from "../../core/wire/tls/tls.ts";
import { parseListen } from "../model/listen-address.ts";
import { BaseCommand } from "./base-command.ts";
import { expectedFailure } from "./failure.ts";
import { openMetrics } from "./serve-metrics.ts";

export const tlsFlags = {
  ca: Flags.string({ summary: "File of the certificate authority" }),
  cert: Flags.string({ summary: "File of this process's certificate" }),
  key: Flags.string({ summary: "File of this process's private key" }),
  "insecure-loopback": Flags.boolean({ summary: "No TLS; on loopback addresses only" }),
  "tls-min": Flags.option({
    options: ["1.2", "1.3"] as const,
    default: "1.3" as const,
    summary: "Lowest accepted TLS version; 1.2 is limited to suites with forward secrecy and AEAD",
  })(),
};

const authorityFlag = (whose: string) =>
  Flags.string({ helpValue: "FILE", summary: `File of the authority of ${whose}, if it is not --ca` });

/** For a role that knows identities of all kinds: whose certificates prove what, where that is not --ca's alone. */
export const authorityFlags = {
  "peer-ca": authorityFlag("coordinators"),
  "shard-ca": authorityFlag("shards"),
  "agent-ca": authorityFlag("agents"),
  "operator-ca": authorityFlag("administrators and other operators"),
};

type AuthorityFlags = { readonly [Name in keyof typeof authorityFlags]: string | undefined };

/** What every role has, whatever it does. */
export const roleFlags = {
  "log-level": Flags.option({
    options: ["debug", "info", "warn", "error"] as const,
    default: "info" as const,
    summary: "Lowest level of logged lines",
  })(),
  metrics: Flags.string({
    default: "off",
    helpValue: "HOST:PORT",
    summary:
      "Serve /metrics, /healthz and /readyz on this address over plain HTTP; a port alone means 127.0.0.1, off means not at all",
  }),
  probes: Flags.string({
    default: "off",
    helpValue: "HOST:PORT",
    summary:
      "Also serve /healthz and /readyz on this address, for probes that must not use the port of scrapers",
  }),
};

const AUTHORITIES: readonly AuthorityKind[] = ["peer", "shard", "agent", "operator"];

const UNWRITTEN_LOG_BYTES_MAX = 1024 * 1024;

/** A role that runs: what it shows of itself, how it is told to reload, if it can be, and how it ends. */
interface RunningRole {
  readonly metrics: RoleMetrics;
  reload?(): Promise<unknown>;
  close(): Promise<void>;
}

export interface ServeSetting {
  readonly process: "coordinator" | "shard" | "agents";
  readonly flags: { readonly "log-level": LogLevelName; readonly metrics: string; readonly probes: string };
  /** Those whose expiry is shown. */
  readonly certificates: FindCertificates;
}

interface CertificateFlags extends AuthorityFlags {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
}

/** Starts the role. `metricsAddress` is where this process's metrics are, or empty. */
export type StartRole = (
  log: Log,
  onFatal: (error: unknown) => void,
  metricsAddress: string,
) => Promise<RunningRole>;

/** One role of a process. */
export interface ServedRole {
  readonly setting: ServeSetting;
  readonly start: StartRole;
  /** Null: the log goes to stdout. */
  readonly logFile: string | null;
}

export abstract class ServeCommand extends BaseCommand {
  /** The flags' choice of TLS. Throws an OperatorError when they name neither all files nor plaintext. */
  protected tls(
    flags: CertificateFlags & {
      readonly key: string | undefined;
      readonly "insecure-loopback": boolean;
      readonly "tls-min": "1.2" | "1.3";
    },
  ): TlsChoice {
    const { ca, cert, key } = flags;
    if (ca !== undefined && cert !== undefined && key !== undefined) {
      const older = flags["tls-min"] === "1.2" ? { minVersion: "TLSv1.2" as const } : {};
      return { ca, cert, key, authorities: authoritiesIn(flags), ...older };
    }
    if (flags["insecure-loopback"]) return "insecure-loopback";
    throw new OperatorError("TLS_MISSING", {
      what: "--ca, --cert and --key must all be given",
      why: "every port of a fleet uses mutual TLS",
      next: "give the three files, or --insecure-loopback for a test on this machine",
      exit: Exit.Usage,
    });
  }

  /** The certificates of the process itself, as `tls` takes them. */
  protected certificates({ ca, cert, ...flags }: CertificateFlags): FindCertificates {
    const authorities = [ca, flags["peer-ca"], flags["shard-ca"], flags["agent-ca"], flags["operator-ca"]];
    const files = [
      ...authorities.map((path) => ({ kind: "ca" as const, path })),
      { kind: "cert" as const, path: cert },
    ];
    const given = files.flatMap(({ kind, path }) => (path === undefined ? [] : [{ kind, path }]));
    return () => Promise.resolve(given);
  }

  /** Runs a role until a signal or a fatal error ends it. */
  protected serve(setting: ServeSetting, start: StartRole): Promise<void> {
    return this.serveAll([{ setting, start, logFile: null }]);
  }

  /** The same for several roles in one process: they end together. */
  protected async serveAll(served: readonly ServedRole[]): Promise<void> {
    const ports = served.map(({ setting: { flags } }) => ({
      metrics: parseListen(flags.metrics, "--metrics"),
      probes: parseListen(flags.probes, "--probes"),
    }));
    const logs = await Promise.all(
      served.map(({ setting, logFile }) => openLog(setting.flags["log-level"], logFile)),
    );
    const first = present(logs[0], "a process serves a role");
    const fatal = Promise.withResolvers<{ readonly error: unknown; readonly log: Log }>();
    process.on("uncaughtException", (error) => fatal.resolve({ error, log: first }));
    // Before the roles start: a signal that comes meanwhile must not end the process unheard.
    const stop = Promise.withResolvers<NodeJS.Signals>();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop.resolve);
    const started = Promise.withResolvers<readonly RunningRole[]>();
    process.on("SIGHUP", () => {
      started.promise
        .then((roles) => Promise.all(roles.map((role) => role.reload?.())))
        .catch((error: unknown) => logFailure(first, error));
    });
    const running = await Promise.all(
      served.map(async ({ setting, start }, at) => {
        const log = present(logs[at], "every role has a log");
        const about = { ...setting, version: this.config.version, log };
        const metrics = await openMetrics(present(ports[at], "every role has ports"), about).catch(
          giveUp(log),
        );
        const onFatal = (error: unknown) => fatal.resolve({ error, log });
        const role = await start(log, onFatal, metrics.address).catch(giveUp(log));
        metrics.show(role.metrics);
        return { log, metrics, role };
      }),
    );
    started.resolve(running.map(({ role }) => role));
    returnStartMemory();
    const ended = await Promise.race([stop.promise.then((signal) => ({ signal })), fatal.promise]);
    // A replica that hit a broken invariant or a failed sync must not continue, not even to close its files.
    if ("error" in ended) giveUp(ended.log)(ended.error);
    if (!("signal" in ended)) return;
    for (const { log } of running) log.info("stops", { signal: ended.signal });
    await Promise.all(running.map(({ role }) => role.close()));
    await Promise.all(running.map(({ metrics }) => metrics.close()));
    process.exit(Exit.Ok);
  }
}

/** Ends the process: what was opened before a failure would keep it alive, and its supervisor waiting. */
function giveUp(log: Log): (error: unknown) => never {
  return (error) => {
    logFailure(log, error);
    process.exit(expectedFailure(error)?.exit ?? Exit.Failure);
  };
}

export function authoritiesIn(flags: AuthorityFlags): ByAuthority<string> {
  const given = AUTHORITIES.flatMap((kind) => {
    const path = flags[`${kind}-ca`];
    return path === undefined ? [] : [[kind, path] as const];
  });
  return Object.fromEntries(given);
}

async function openLog(level: LogLevelName, file: string | null): Promise<Log> {
  const { pino, stdTimeFunctions } = await import("pino");
  const dest = file ?? 1;
  const output = pino.destination({ dest, sync: true, mode: 0o600, maxLength: UNWRITTEN_LOG_BYTES_MAX });
  // A full disk, or a reader that has gone, costs lines of the log, not the role.
  output.on("error", () => undefined);
  // Lines quote peers and callers, and are read on terminals.
  const printed = { write: (line: string) => output.write(printableJson(line)) };
  const logger = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: levelName } },
    printed,
  );
  const debug: Debug = (fact, fields) => logger.debug(fields ?? {}, fact);
  return {
    get debug() {
      return logger.isLevelEnabled("debug") ? debug : undefined;
    },
    get level() {
      return logger.level as LogLevelName;
    },
    set level(next: LogLevelName) {
      logger.level = next;
    },
    info: (fact, fields) => logger.info(fields ?? {}, fact),
    warn: (fact, fields) => logger.warn(fields ?? {}, fact),
    error: (fact, fields) => logger.error(fields ?? {}, fact),
  };
}

const levelName = (label: string) => ({ level: label });

function logFailure(log: Log, error: unknown): void {
  const failure = expectedFailure(error);
  if (failure !== null) log.error(failure.what, { ...failure, ...stackBelow(error) });
  else log.error("stops because of a bug", { error: error instanceof Error ? error.stack : String(error) });
}

/** Of a failure that an assertion, or another bug, stands behind. */
function stackBelow(error: unknown): { readonly stack?: string } {
  const cause = error instanceof Error ? error.cause : undefined;
  return isBug(cause) ? { stack: cause.stack ?? cause.message } : {};
}
