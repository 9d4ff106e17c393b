// A transaction as text, in the grammar that etcdctl's txn reads. It has comparisons, then requests if all of them
// hold, then requests if one does not. An empty line ends each part. Pure.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { cut, quoted } from "../../core/base/printable.ts";
import {
  Compare,
  type Compare as Comparison,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  type TxnRequest,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { fromKey, type KeyRange, oneKey, prefixRange } from "./key-range.ts";
import { parseLease } from "./lease-id.ts";
import { type Word, wordsOf } from "./txn-words.ts";

const RESULTS: Readonly<Record<string, number>> = { "=": 0, ">": 1, "<": 2, "!=": 3 };
/** etcdctl's names and their short forms. */
const TARGETS: Readonly<Record<string, "version" | "createRevision" | "modRevision" | "value" | "lease">> = {
  ...{ ver: "version", version: "version", v: "version" },
  ...{ c: "createRevision", create: "createRevision" },
  ...{ m: "modRevision", mod: "modRevision" },
  ...{ val: "value", value: "value", lease: "lease" },
};
const TARGET_NUMBERS = { version: 0, createRevision: 1, modRevision: 2, value: 3, lease: 4 } as const;

/** Throws TXN_INVALID with the line at fault. */
export function parseTxn(text: string): TxnRequest {
  const parts: Numbered[][] = [[], [], []];
  let at = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") {
      at += 1;
      continue;
    }
    const part = parts[at];
    if (part === undefined) throw invalid(index, line, "there are more than three parts");
    part.push({ index, line });
  }
  const [compare = [], success = [], failure = []] = parts;
  return {
    compare: compare.map(comparison),
    success: success.map(request),
    failure: failure.map(request),
  };
}

interface Numbered {
  readonly index: number;
  readonly line: string;
}

function words({ index, line }: Numbered, operators: boolean): readonly Word[] {
  const found = wordsOf(line, operators);
  if (!found.ok) throw invalid(index, line, found.why);
  return found.words;
}

/** mod("key") > "0" */
function comparison(numbered: Numbered): Comparison {
  const { index, line } = numbered;
  const [target, open, key, close, operator, value, ...more] = words(numbered, true);
  const isWhole = open?.text === "(" && close?.text === ")" && more.length === 0;
  const result = RESULTS[operator?.text ?? ""];
  const kind = TARGETS[target?.text ?? ""];
  if (!isWhole || key === undefined || value === undefined || result === undefined) {
    throw invalid(index, line, 'a comparison is like mod("key") > "0"');
  }
  if (kind === undefined) throw invalid(index, line, "it compares value, ver, create, mod or lease");
  return Compare.fromPartial({
    key: key.bytes,
    result: result as Comparison["result"],
    target: TARGET_NUMBERS[kind],
    targetUnion: operand(kind, value, numbered),
  });
}

function operand(
  kind: keyof typeof TARGET_NUMBERS,
  value: Word,
  { index, line }: Numbered,
): NonNullable<Comparison["targetUnion"]> {
  if (kind === "value") return { $case: "value", value: value.bytes };
  // No lease, as etcdctl says it.
  if (kind === "lease") return { $case: "lease", value: value.text === "0" ? "0" : parseLease(value.text) };
  const number = Number(value.text);
  if (!/^\d+$/.test(value.text) || !Number.isSafeInteger(number)) {
    throw invalid(index, line, `${quoted(value.text)} is not a number`);
  }
  return { $case: kind, value: number };
}

/** put KEY VALUE [--lease=ID] · get KEY [END] [--prefix|--from-key] · del KEY [END] [--prefix|--from-key] */
function request(numbered: Numbered): RequestOp {
  const { index, line } = numbered;
  const all = words(numbered, false);
  const isFlag = (word: Word) => !word.isQuoted && word.text.startsWith("--");
  const flags = new Map(all.filter(isFlag).map(({ text }) => [text.split("=")[0] ?? "", text.split("=")[1]]));
  const [verb, ...operands] = all.filter((word) => !isFlag(word));
  const known = verb?.text === "put" ? ["--lease"] : ["--prefix", "--from-key"];
  const unknown = [...flags.keys()].find((flag) => !known.includes(flag));
  if (unknown !== undefined) throw invalid(index, line, `unknown flag: ${unknown}`);
  const [key, second, ...more] = operands;
  if (key === undefined || more.length > 0) throw invalid(index, line, "it has a wrong number of words");
  switch (verb?.text) {
    case "put": {
      if (second === undefined) throw invalid(index, line, "the value is missing");
      const lease = flags.get("--lease");
      const given = {
        key: key.bytes,
        value: second.bytes,
        lease: lease === undefined ? "0" : parseLease(lease),
      };
      return { request: { $case: "requestPut", value: PutRequest.fromPartial(given) } };
    }
    case "get":
      return {
        request: { $case: "requestRange", value: RangeRequest.fromPartial(rangeOf(key, second, flags)) },
      };
    case "del":
      return {
        request: {
          $case: "requestDeleteRange",
          value: DeleteRangeRequest.fromPartial(rangeOf(key, second, flags)),
        },
      };
    default:
      throw invalid(index, line, "a request is put, get or del");
  }
}

function rangeOf(key: Word, end: Word | undefined, flags: ReadonlyMap<string, unknown>): KeyRange {
  if (end !== undefined) return { key: key.bytes, rangeEnd: end.bytes };
  if (flags.has("--prefix")) return prefixRange(key.bytes);
  return flags.has("--from-key") ? fromKey(key.bytes) : oneKey(key.bytes);
}

const LINE_CHARACTERS = 80;

function invalid(index: number, line: string, why: string): OperatorError {
  return new OperatorError("TXN_INVALID", {
    what: `line ${index + 1} can't be read: ${cut(line, LINE_CHARACTERS)}`,
    why,
    next: "comparisons, an empty line, requests, an empty line, requests; see fleet kv txn --help",
    exit: Exit.Usage,
  });
}
