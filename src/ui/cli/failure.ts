// How a command fails in front of an operator: what happened, a stable code, the likely cause, the next step, the
// endpoint tried. An unexpected error is reported as a bug; its stack goes to a file.
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { cut, printable } from "../../core/base/printable.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { Paint } from "../model/paint.ts";
import { stringify, toContract } from "./json.ts";

export interface Failure {
  /** With its prefix: FLEET_E_NO_QUORUM. */
  readonly code: string;
  readonly exit: Exit;
  readonly what: string;
  readonly why: string | null;
  readonly next: string | null;
  readonly endpoint: string | null;
  /** The version or index that there is, where another was expected; for scripts, the texts say it too. */
  readonly current: string | null;
}

// What a file system says of a path that an operator chose, or of a disk that is full or failing. ENOENT is not among them:
// who reads a file that may be missing says so.
const REFUSED_BY_FILE_SYSTEM: ReadonlySet<unknown> = new Set([
  ...["EACCES", "EPERM", "EROFS", "EEXIST", "ENOTDIR", "EISDIR", "ENOTEMPTY", "ENAMETOOLONG", "ELOOP"],
  ...["ENOSPC", "EDQUOT", "EIO", "EOPNOTSUPP", "EXDEV", "ESTALE"],
]);

// What a write to an open file says, without its path: the file is a redirected output, or one that was just made.
const REFUSED_WRITE: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EIO"]);

// Some forty lines of a terminal.
const FACT_CHARACTERS_MAX = 4_000;

/** The failure that an error stands for, or `null` when nothing foresaw it: a bug. */
export function expectedFailure(error: unknown): Failure | null {
  if (isRefusedByFileSystem(error)) return fileSystemFailure(error);
  if (!(error instanceof OperatorError)) return null;
  const { what, why, next, endpoint, current, exit } = error.parts;
  return {
    code: `FLEET_E_${error.code}`,
    exit,
    what,
    why: why ?? null,
    next: next ?? null,
    endpoint: endpoint ?? null,
    current: current ?? null,
  };
}

function isRefusedByFileSystem(error: unknown): error is Error {
  if (!(error instanceof Error) || !("code" in error)) return false;
  const hasPath = "path" in error && typeof error.path === "string";
  return (hasPath ? REFUSED_BY_FILE_SYSTEM : REFUSED_WRITE).has(error.code);
}

function fileSystemFailure(error: Error): Failure {
  const isBroken = isErrno(error, "EIO");
  return {
    code: "FLEET_E_FILE_SYSTEM",
    exit: Exit.Failure,
    what: firstLine(error.message),
    why: isBroken ? "the disk fails" : "the file system refuses it",
    next: isBroken
      ? "look at the kernel's log, repair the disk, and run the same command again"
      : "choose a path that you may use, or make room on its disk, and run the same command again",
    endpoint: null,
    current: null,
  };
}

/** A bug as a failure; `detailsFile` is where its stack was written, `null` if that failed too. */
export function bugFailure(error: unknown, detailsFile: string | null): Failure {
  const message = messageOf(error);
  const details = detailsFile === null ? "run again with FLEET_DEBUG=1" : `details: ${detailsFile}`;
  return {
    code: "FLEET_E_BUG",
    exit: Exit.Failure,
    what: `this is a bug in fleet: ${firstLine(message)} (${details})`,
    why: null,
    next: null,
    endpoint: null,
    current: null,
  };
}

/** For stderr: one line a fact, the first naming the code. */
export function failureText(failure: Failure, paint: Paint): string {
  const facts: readonly (readonly [string, string | null])[] = [
    ["cause", failure.why],
    ["next", failure.next],
    ["endpoint", failure.endpoint],
  ];
  const lines = facts.flatMap(([label, text]) =>
    text === null ? [] : [`  ${paint.faint(`${label}:`)} ${fact(text)}`],
  );
  return [`${paint.mark("bad", "error:")} ${fact(failure.what)} [${failure.code}]`, ...lines].join("\n");
}

// It may quote what a server, or a file, says at any length.
const fact = (text: string): string => printable(cut(text, FACT_CHARACTERS_MAX));

/** For stdout under `--json`: the same facts. */
export function failureJson(failure: Failure, indented: boolean): string {
  return stringify(toContract("Error", { error: failure }), indented);
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";
