// A plan's moves of domains. Keys and values may be in any alphabet; the coordinator decides which are valid.

import type { DomainMove } from "./plan.ts";
import type { PlanReader } from "./plan-reader.ts";
import { labelName } from "./room.ts";

/** Absent = none. */
export function readDomains(reader: PlanReader, value: unknown, movesMax: number): readonly DomainMove[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length > movesMax) {
    reader.problem("domains", `must be a list of 1 to ${movesMax} moves, or absent`);
    return [];
  }
  const moves = value.map((each: unknown, at) => readDomain(reader, each, `domains[${at}]`));
  reader.unique(
    moves.map((move) => (move.key === "" ? "" : labelName(move.key, move.value))),
    "domains",
    "value",
  );
  return moves;
}

function readDomain(reader: PlanReader, document: unknown, path: string): DomainMove {
  const fields = reader.fields(document, path, ["key", "value", "from", "to", "version"]) ?? {};
  const move = {
    key: reader.text(fields["key"], `${path}.key`),
    value: reader.text(fields["value"], `${path}.value`),
    from: reader.name(fields["from"], `${path}.from`),
    to: reader.name(fields["to"], `${path}.to`),
  };
  if (move.from !== "" && move.from === move.to) {
    reader.problem(`${path}.to`, "must differ from the present shard");
  }
  const { version } = fields;
  if (version === undefined) return move;
  if (typeof version === "number" && Number.isSafeInteger(version) && version > 0)
    return { ...move, version };
  reader.problem(`${path}.version`, "must be a positive whole number");
  return move;
}
