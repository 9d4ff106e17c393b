// Which keys a command on a store means: KEY [END], --prefix, --from-key, --all. What must stay true: no empty
// value ever means all keys, since it is most likely a shell variable that is not set.
import { Args, Flags } from "@oclif/core";
import type { KeyRange } from "../../client/etcd/key-range.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";

export const keyArgs = {
  key: Args.string({ description: "The key (not with --all)" }),
  end: Args.string({ description: "The end of the range, which is not included" }),
};

export const keyFlags = {
  prefix: Flags.boolean({ summary: "All keys that begin with KEY", exclusive: ["from-key", "all"] }),
  "from-key": Flags.boolean({ summary: "All keys from KEY on", exclusive: ["all"] }),
  all: Flags.boolean({ summary: "All keys" }),
};

export interface KeyWords {
  readonly key: string | undefined;
  readonly end: string | undefined;
}

export interface KeyFlagValues {
  readonly prefix: boolean;
  readonly "from-key": boolean;
  readonly all: boolean;
}

/** Throws `OperatorError` (usage). */
export async function keyRange({ key, end }: KeyWords, flags: KeyFlagValues): Promise<KeyRange> {
  const { allKeys, fromKey, oneKey, prefixRange } = await import("../../client/etcd/key-range.ts");
  const isMany = flags.prefix || flags["from-key"] || flags.all;
  if (end !== undefined && isMany) throw wrong("END and --prefix, --from-key or --all contradict each other");
  if (flags.all) {
    if (key !== undefined) throw wrong("KEY and --all contradict each other");
    return allKeys;
  }
  if (key === undefined) throw wrong("KEY is missing");
  const bytes = Buffer.from(key);
  if (end !== undefined) return { key: bytes, rangeEnd: Buffer.from(end) };
  if (flags.prefix) return prefixRange(bytes);
  return flags["from-key"] ? fromKey(bytes) : oneKey(bytes);
}

function wrong(what: string): OperatorError {
  return new OperatorError("USAGE", {
    what,
    next: "give KEY, KEY END, KEY --prefix, KEY --from-key, or --all",
    exit: Exit.Usage,
  });
}
