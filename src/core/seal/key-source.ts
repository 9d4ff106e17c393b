// Where the operator's keys come from: a file that only its owner reads, or a command that prints them, as of a secret
// store. Read whenever they are needed, so that a replaced file or a rotated secret counts without a restart.

import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { Exit, OperatorError } from "../base/errors.ts";
import { type OperatorKeys, parseOperatorKeys } from "./operator-keys.ts";
import { keyUnusable } from "./seal-errors.ts";

export type KeySource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "command"; readonly command: string };

const COMMAND_MS = 30_000;
const OUTPUT_BYTES_MAX = 64 * 1024;
// Kubernetes gives a secret's file to the group of the pod (fsGroup): the group may read it, and no one else may.
const FORBIDDEN_MODE = 0o027;

/** Null = no encryption was asked for. Throws USAGE when both flags were given. */
export function keySourceOf(file: string | undefined, command: string | undefined): KeySource | null {
  if (file !== undefined && command !== undefined) {
    throw new OperatorError("USAGE", {
      what: "--encryption-key-file and --encryption-key-command were both given",
      next: "give one of them",
      exit: Exit.Usage,
    });
  }
  if (file !== undefined) return { kind: "file", path: file };
  return command === undefined ? null : { kind: "command", command };
}

/** Throws ENCRYPTION_KEY_UNUSABLE. */
export function readOperatorKeys(source: KeySource): Promise<OperatorKeys> {
  return source.kind === "file" ? readKeyFile(source.path) : runKeyCommand(source.command);
}

async function readKeyFile(path: string): Promise<OperatorKeys> {
  const origin = `file ${path}`;
  const [about, text] = await Promise.all([stat(path), readFile(path, "utf8")]).catch((cause: unknown) => {
    throw keyUnusable(origin, cause instanceof Error ? cause.message : String(cause), cause);
  });
  if ((about.mode & FORBIDDEN_MODE) !== 0) {
    const mode = (about.mode & 0o777).toString(8).padStart(4, "0");
    throw keyUnusable(origin, `others may read it, or its group may write it (mode ${mode}): chmod 600`);
  }
  return parseOperatorKeys(text, origin);
}

async function runKeyCommand(command: string): Promise<OperatorKeys> {
  const origin = "the key command";
  const run = promisify(execFile);
  const { stdout } = await run("/bin/sh", ["-c", command], {
    timeout: COMMAND_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: "utf8",
  }).catch((cause: unknown) => {
    throw keyUnusable(origin, whyOf(cause));
  });
  return parseOperatorKeys(stdout, origin);
}

/** Without what it printed: that may be the key. */
function whyOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "it failed";
  const { code, killed } = cause as Error & { readonly code?: unknown; readonly killed?: boolean };
  if (killed === true) return `it did not end within ${COMMAND_MS / 1_000} s, or printed too much`;
  return `it ended with ${String(code ?? "an error")}`;
}
