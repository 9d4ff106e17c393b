// The token syntax of configuration changes in scripts: `v1 l2 r3 u4`, a letter for the kind and a decimal id.

import { nodeId } from "../../src/core/base/ids.ts";
import type { ConfOperation } from "../../src/core/raft/confchange.ts";
import { CommandError } from "./command-error.ts";

const LETTERS = { v: "add-voter", l: "add-learner", r: "remove", u: "update" } as const;

/** Throws a CommandError, whose text is output, for a bad token. */
export function parseOperations(input: string): readonly ConfOperation[] {
  return input === "" ? [] : input.split(" ").map(parseOperation);
}

function parseOperation(token: string): ConfOperation {
  if (token.length < 2) throw new CommandError(`unknown token ${token}`);
  const kind = Object.entries(LETTERS).find(([letter]) => letter === token[0])?.[1];
  if (kind === undefined) throw new CommandError(`unknown input: ${token}`);
  const digits = token.slice(1);
  if (!/^\d+$/.test(digits)) throw new CommandError(`strconv.ParseUint: parsing "${digits}": invalid syntax`);
  return { kind, node: nodeId(Number(digits)) };
}

export function describeOperations(operations: readonly ConfOperation[]): string {
  return operations.map(({ kind, node }) => letterOf(kind) + node).join(" ");
}

function letterOf(kind: ConfOperation["kind"]): string {
  switch (kind) {
    case "add-voter":
      return "v";
    case "add-learner":
      return "l";
    case "remove":
      return "r";
    case "update":
      return "u";
  }
}
