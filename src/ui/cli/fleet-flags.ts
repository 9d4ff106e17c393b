// Flags that say which fleet is meant, and those of every write. Values may also come from FLEET_* variables and
// contexts; that order of precedence is the client's (`resolveTarget`), so these flags declare no variable.
import { Flags } from "@oclif/core";
import type { Patience } from "../../client/fleet-client.ts";
import { present } from "../../core/base/assert.ts";
import { DURATION_MS_MAX, parseDuration } from "../../core/base/duration.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { quoted } from "../../core/base/printable.ts";

const TARGET = "WHICH FLEET";

export const targetFlags = {
  dir: Flags.string({ summary: "Folder of a local fleet", helpGroup: TARGET }),
  context: Flags.string({ summary: "Name of a context (see: fleet context list)", helpGroup: TARGET }),
  endpoints: Flags.string({ summary: "Coordinators as host:port, comma-separated", helpGroup: TARGET }),
  ca: Flags.string({ summary: "File of the certificate authority", helpGroup: TARGET }),
  cert: Flags.string({ summary: "File of the client certificate", helpGroup: TARGET }),
  key: Flags.string({ summary: "File of the client key", helpGroup: TARGET }),
  "insecure-loopback": Flags.boolean({ summary: "Plaintext, on loopback addresses only", helpGroup: TARGET }),
};

export interface TargetFlagValues {
  readonly dir: string | undefined;
  readonly context: string | undefined;
  readonly endpoints: string | undefined;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly "insecure-loopback": boolean;
}

// Longer than this, timers end at once and gRPC refuses the deadline.

/** What a count has on the wire, such as a list's rows or a shortfall's age in cycles: 32 bits. */
export const COUNT_MAX = 2 ** 32 - 1;

/** A version or log index: 64 bits on the wire, of which JavaScript holds 53 exactly. */
export const indexFlag = (min: number, summary: string) =>
  Flags.integer({ min, max: Number.MAX_SAFE_INTEGER, summary });

/** A SHA-256. */
export const hashFlag = (summary: string) =>
  Flags.string({
    helpValue: "HASH",
    summary,
    parse: async (text) => {
      if (/^[0-9a-f]{64}$/.test(text)) return text;
      throw new OperatorError("USAGE", {
        what: `${quoted(text)} is not a hash`,
        next: "give 64 hexadecimal digits, as fleet audit head -o name prints them",
        exit: Exit.Usage,
      });
    },
  });

/** A duration such as 5s, in milliseconds. */
export const durationFlag = Flags.custom<number>({
  helpValue: "DURATION",
  parse: async (text) => durationMs(text),
});

function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw badDuration(text);
  if (ms > DURATION_MS_MAX) throw tooLong(text);
  return ms;
}

/** How long a command waits before it gives up. None that gives up before it begins: it would change half of something. */
export const timeoutFlag = (usual: string, summary = "Give up after this long") =>
  durationFlag({
    summary,
    default: present(parseDuration(usual), "a default is a duration"),
    defaultHelp: async () => usual,
    parse: async (text) => timeoutMs(text),
  });

const CALL = "5s";
const CALL_VARIABLE = "FLEET_TIMEOUT";

/** The limit of a single call. Slow networks and slow machines set it once, by a variable. */
export const callTimeoutFlag = () =>
  durationFlag({
    summary: "Give up after this long",
    env: CALL_VARIABLE,
    default: present(parseDuration(CALL), "a default is a duration"),
    defaultHelp: async () => CALL,
    parse: async (text) => timeoutMs(text),
  });

/** The same limit for commands without --timeout. Throws `OperatorError` (usage). */
export function callTimeoutMs(env: NodeJS.ProcessEnv = process.env): number {
  return timeoutMs(env[CALL_VARIABLE] ?? CALL);
}

/** After how long a node without an answer is shown as down. */
export const NODE_VARIABLE = "FLEET_NODE_TIMEOUT";

/** The limits of a client that the environment sets. Throws `OperatorError` (usage). */
export function patienceOf(env: NodeJS.ProcessEnv = process.env): Partial<Patience> {
  const node = env[NODE_VARIABLE];
  const nodeTimeout = node === undefined ? {} : { nodeTimeoutMs: timeoutMs(node) };
  return { ...nodeTimeout, callDeadlineMs: callTimeoutMs(env) };
}

function timeoutMs(text: string): number {
  const ms = durationMs(text);
  if (ms > 0) return ms;
  throw new OperatorError("USAGE", {
    what: `a timeout of ${text} leaves no time to do anything`,
    next: "give at least 1ms, or leave it out (--timeout, FLEET_TIMEOUT, FLEET_NODE_TIMEOUT)",
    exit: Exit.Usage,
  });
}

/** How long a command measures. It loads the fleet meanwhile, so there is a limit. */
export const measuringFlag = (usual: string, most: string, summary: string) =>
  durationFlag({
    summary: `${summary}, at most ${most}`,
    default: present(parseDuration(usual), "a default is a duration"),
    defaultHelp: async () => usual,
    parse: async (text) => {
      const ms = durationMs(text);
      const mostMs = present(parseDuration(most), "a limit is a duration");
      if (ms > 0 && ms <= mostMs) return ms;
      throw new OperatorError("USAGE", {
        what: `--duration ${text} ${ms > 0 ? `is longer than the ${most} that are allowed` : "measures nothing"}`,
        next: `give at least 1ms and at most ${most}, or leave --duration out`,
        exit: Exit.Usage,
      });
    },
  });

export const mutationFlags = {
  reason: Flags.string({ summary: "Why; kept in the audit log" }),
  "dry-run": Flags.boolean({ summary: "Check and say what would change, and change nothing" }),
  timeout: callTimeoutFlag(),
};

function tooLong(text: string): OperatorError {
  return new OperatorError("USAGE", {
    what: `${text} is longer than fleet ever waits`,
    next: "give at most 24d",
    exit: Exit.Usage,
  });
}

export function badDuration(text: string): OperatorError {
  return new OperatorError("USAGE", {
    what: `${text} is not a duration`,
    next: "give a number with its unit: 250ms, 5s, 1m30s",
    exit: Exit.Usage,
  });
}
