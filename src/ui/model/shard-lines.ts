// What `fleet shard show` says: the shard in a line, and a line for each kind of thing that it has.
import type { ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { formatDuration } from "./duration.ts";
import type { Line } from "./fleet-verdict.ts";
import { isRebuilding, livenessWord, REBUILDING, shardStateWord } from "./words.ts";

// The rest is in -o json.
const NAMES_SHOWN = 20;

/** What the client found, written down here since the model may not import the client. */
export interface Holdings {
  readonly shard: ShardView;
  readonly clusters: readonly string[];
  readonly leaving: readonly string[];
  readonly undeclared: readonly string[];
  readonly domains: readonly string[];
  readonly quotas: readonly string[];
  readonly instructions: readonly string[];
}

export function shardLines(holdings: Holdings): Line[] {
  return [headLine(holdings.shard), ...disobeyingLines(holdings.shard), ...holdingsLines(holdings)];
}

/** What it has, without the shard itself: what remains of a drain. */
export function holdingsLines(holdings: Holdings): Line[] {
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

// Only of a copy that was gone on from with a clock that was behind: otherwise a new beginning's term is newer than all.
function disobeyingLines({ observed }: ShardView): Line[] {
  if (observed === undefined || observed.newerTerm === 0) return [];
  return [
    {
      text: `it has obeyed a leader of term ${observed.newerTerm}, and follows nothing of an older one`,
      mark: "bad",
    },
    {
      text: "if the leader began from a restored copy: correct its host's clock, then fleet snapshot save, and restore that",
      mark: "unknown",
    },
  ];
}

// A new leader has yet to hear what the shard serves without its being declared to it, and a silent one does not say.
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
  const [first] = undeclared;
  return [
    ...named(["cluster not declared to it", "clusters not declared to it"], undeclared),
    {
      text: `these agents dial this shard: give them another shard's address; without an agent: fleet cluster bind --cluster ${first} --shard SHARD`,
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
