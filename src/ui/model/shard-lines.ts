// The output of `fleet shard show`: the shard in a line, and a line for each kind of thing that it has.

import type { ShardHoldings } from "../../client/shard-holdings.ts";
import { formatDuration } from "../../core/base/duration.ts";
import { isName } from "../../core/base/ids.ts";
import type { Obeyed } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Line } from "./line.ts";
import { labelsCell } from "./tables/labels-cell.ts";
import { isRebuilding, livenessWord, REBUILDING, shardStateWord } from "./words.ts";

// The others are in -o json.
const NAMES_SHOWN = 20;

export function shardLines(holdings: Omit<ShardHoldings, "stamp">): Line[] {
  const { shard } = holdings;
  const labels = labelsCell(shard.shard?.labels);
  return [
    headLine(shard),
    ...(labels === null ? [] : [{ text: `labels: ${labels}`, mark: "good" } as const]),
    ...disobeyingLines(shard),
    ...leftOutLines(shard),
    ...holdingsLines(holdings),
  ];
}

/** What it has, without the shard itself: what remains in a drain. */
export function holdingsLines(holdings: Omit<ShardHoldings, "stamp">): Line[] {
  const { clusters, leaving, undeclared, domains, quotas, instructions } = holdings;
  const lines = [
    ...named(["cluster binding", "cluster bindings"], clusters),
    ...named(["migration away", "migrations away"], leaving),
    ...named(["domain", "domains"], domains),
    ...named(["quota slice", "quota slices"], quotas),
    ...named(["pending instruction", "pending instructions"], instructions),
    ...undeclaredLines(undeclared),
  ];
  return lines.length === 0 ? [nothingLine(holdings.shard)] : lines;
}

/** What a shard obeys instead of this fleet's leader. */
export function obeyedText({ id, epoch, term }: Obeyed): string {
  return id === "" ? `a leader of term ${term}` : `incarnation ${id} (epoch ${epoch}), term ${term}`;
}

// Also true for a moment of a deposed leader that does not know it yet.
function disobeyingLines({ observed, shard }: ShardView): Line[] {
  const other = observed?.other ?? olderServers(observed?.newerTerm ?? 0);
  if (other === undefined) return [];
  const text = `it obeys ${obeyedText(other)}, and ignores this fleet's leader`;
  const isTold = shard?.givingUp !== undefined;
  const next = isTold
    ? "the answer to its next report tells it to obey this fleet"
    : `if this fleet is the right one: fleet shard adopt ${shard?.shardId ?? ""}`;
  return [
    { text, mark: "bad" },
    { text: next, mark: "unknown" },
  ];
}

function leftOutLines({ observed }: ShardView): Line[] {
  const { shortfallsLeftOut: shortfalls = 0, doubleDialsLeftOut: dials = 0 } = observed ?? {};
  const parts = [
    ...(shortfalls > 0 ? [`${shortfalls} more shortfalls`] : []),
    ...(dials > 0 ? [`${dials} more second agents`] : []),
  ];
  return parts.length === 0 ? [] : [{ text: `its report left out ${parts.join(" and ")}`, mark: "warn" }];
}

// They only know a term.
function olderServers(newerTerm: number): Obeyed | undefined {
  return newerTerm === 0 ? undefined : { id: "", epoch: 0, term: newerTerm };
}

// A new leader does not know yet which clusters the shard serves without a declaration, and a silent shard
// does not report them.
function nothingLine({ liveness }: ShardView): Line {
  if (isRebuilding(liveness)) return unknownLine(REBUILDING);
  const life = livenessWord(liveness);
  return life === "alive" ? { text: "it has nothing", mark: "good" } : unknownLine(`unknown (${life})`);
}

const unknownLine = (unknown: string): Line => ({
  text: `nothing is declared to it; what it serves is ${unknown}`,
  mark: "unknown",
});

function headLine({ shard, liveness, observed, pendingInstructions }: ShardView): Line {
  const state = shardStateWord(shard?.state ?? 0);
  const place = [shard?.region, shard?.zone].filter((part) => part !== undefined && part !== "").join("/");
  const facts = [
    `${shard?.shardId ?? ""} at ${shard?.address ?? ""}`,
    ...(place === "" ? [] : [`in ${place}`]),
    state,
    isRebuilding(liveness) ? REBUILDING : livenessWord(liveness),
    observed === undefined ? "no report yet" : `report ${formatDuration(observed.ageMs)} ago`,
    `${pendingInstructions} instructions pending`,
    `epoch ${shard?.epoch ?? 0}`,
    `version ${shard?.version ?? 0}`,
  ];
  return { text: facts.join(", "), mark: state === "active" ? "good" : "warn" };
}

function undeclaredLines(undeclared: readonly string[]): Line[] {
  if (undeclared.length === 0) return [];
  const [first = ""] = undeclared;
  // Part of a command to be copied: a text that is not a valid name might contain a command of its own.
  const cluster = isName(first) ? first : "CLUSTER";
  return [
    ...named(["cluster not declared to it", "clusters not declared to it"], undeclared),
    {
      text: `these agents dial this shard: give them another shard's address; without an agent: fleet cluster bind ${cluster} --to SHARD`,
      mark: "unknown",
    },
  ];
}

function named([one, many]: readonly [string, string], names: readonly string[]): Line[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, NAMES_SHOWN).join(" ");
  const rest = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return [{ text: `${names.length} ${names.length === 1 ? one : many}: ${shown}${rest}`, mark: "warn" }];
}
