// Reads the operator's keys from a file that only its owner can read, or from a command's output. Such a command can be a client
// of a secret store. Keys are read again at each use, so a replaced file or a rotated secret needs no restart.

import { resolve } from "node:path";
import { usage } from "../base/errors.ts";
import { runKeyCommand } from "./key-command.ts";
import { keyFileOrigin, readKeyText } from "./key-file.ts";
import { type OperatorKeys, parseOperatorKeys } from "./operator-keys.ts";
import { KEY_COMMAND, keyUnusable } from "./seal-errors.ts";

export type KeySource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "command"; readonly command: string };

/** A command has its own shorter limit; a file may be on a disk that does not answer. */
const READ_MS = 40_000;

interface Reading {
  readonly current: Promise<OperatorKeys>;
  /** For callers that came while a reading was running: it may have read the old content. */
  next: Promise<OperatorKeys> | null;
}

/**
 * At most one running reading for each source: a disk that hangs then blocks one thread of the process, not
 * all.
 */
const readings = new Map<string, Reading>();

/** Null = encryption is off. Throws USAGE when both flags were given, or one is empty. */
export function keySourceOf(file: string | undefined, command: string | undefined): KeySource | null {
  if (file !== undefined && command !== undefined)
    throw usage("--encryption-key-file and --encryption-key-command were both given", "give one of them");
  if (file === "") throw usage("--encryption-key-file is empty", "give the path of a key file");
  if (command?.trim() === "")
    throw usage("--encryption-key-command is empty", "give a command that prints a key");
  if (file !== undefined) return { kind: "file", path: resolve(file) };
  return command === undefined ? null : { kind: "command", command };
}

/** Throws ENCRYPTION_KEY_UNUSABLE. */
export async function readOperatorKeys(source: KeySource, limitMs = READ_MS): Promise<OperatorKeys> {
  const origin = originOf(source);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(keyUnusable(origin, `it was not read within ${limitMs / 1_000} s`)),
    limitMs,
  );
  try {
    return await Promise.race([shared(source), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function shared(source: KeySource): Promise<OperatorKeys> {
  const name = `${source.kind} ${source.kind === "file" ? source.path : source.command}`;
  const known = readings.get(name);
  if (known !== undefined) {
    const again = () => begin(name, source);
    known.next ??= known.current.then(again, again);
    return known.next;
  }
  return begin(name, source);
}

function begin(name: string, source: KeySource): Promise<OperatorKeys> {
  const reading: Reading = { current: read(source), next: null };
  readings.set(name, reading);
  const isOver = () => {
    if (readings.get(name) === reading && reading.next === null) readings.delete(name);
  };
  reading.current.then(isOver, isOver);
  return reading.current;
}

async function read(source: KeySource): Promise<OperatorKeys> {
  const text = source.kind === "file" ? await readKeyText(source.path) : await runKeyCommand(source.command);
  return parseOperatorKeys(text, originOf(source));
}

const originOf = (source: KeySource): string =>
  source.kind === "file" ? keyFileOrigin(source.path) : KEY_COMMAND;
