// The dashboard's header, footer and help as lines. The header always says how old the data are.
import type { ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { formatDuration } from "./duration.ts";
import { fitLine } from "./fit.ts";
import { verdictMark } from "./fleet-verdict.ts";
import { type Segment, segment } from "./paint.ts";
import { sparkline } from "./sparkline.ts";
import type { Symbols } from "./symbols.ts";
import { driftSummary } from "./tables/cluster-table.ts";
import type { TopState } from "./top-state.ts";
import { summarize, type TopSummary } from "./top-summary.ts";
import { hasDrift, isRebuilding, REBUILDING, shardStateWord } from "./words.ts";

const HELP: readonly (readonly [string, string])[] = [
  ["1 2 3  tab", "show nodes, shards, bindings; the next pane"],
  ["up down  j k", "move; pgup pgdn by ten, g G to the ends"],
  ["s  r", "order by the next column; reverse the order"],
  ["d", "only bindings with drift"],
  ["/", "filter the pane in front; esc clears it"],
  ["p", "pause: the picture stands still"],
  ["?", "this help"],
  ["q", "quit"],
];

export function headerLines(state: TopState, width: number, symbols: Symbols): (readonly Segment[])[] {
  const summary = state.fleet === null ? null : summarize(state.fleet.value);
  const facts =
    summary === null ? [segment("fleet", "strong"), segment("asking", "unknown")] : factsOf(summary, symbols);
  const drifting = (state.clusters?.value.clusters ?? []).filter((view) => hasDrift(view.drift));
  if (drifting.length > 0) facts.push(segment(`drift: ${driftSummary(drifting)}`, "warn"));
  if ((state.shards?.value.shards ?? []).some(isUnheard)) {
    facts.push(segment(`observed: ${REBUILDING}`, "unknown"));
  }
  if (state.paused) facts.push(segment("PAUSED", "warn"));
  const between = segment(` ${symbols.separator} `, "faint");
  const first = facts.flatMap((fact, at) => (at === 0 ? [fact] : [between, fact]));
  const second = commitLine(state, summary?.commit ?? null, width, symbols);
  return [first, second].map((line) => fitLine(line, width, symbols.ellipsis));
}

// A removed shard may be silent for good.
function isUnheard({ shard, observed, liveness }: ShardView): boolean {
  return observed === undefined && isRebuilding(liveness) && shardStateWord(shard?.state ?? 0) !== "removed";
}

function factsOf(summary: TopSummary, symbols: Symbols): Segment[] {
  const mark = verdictMark(summary.verdict);
  return [
    segment(summary.name === "" ? "fleet" : summary.name, "banner"),
    segment(`${symbols.marks[mark]} ${summary.verdict}`, mark),
    summary.leader === null ? segment("no leader", "bad") : segment(`leader ${summary.leader}`),
    segment(`term ${summary.term ?? symbols.none}`),
    segment(`up ${summary.up}/${summary.voters}, quorum ${summary.quorum}`),
    ...summary.disputes.map((dispute) => segment(dispute, "bad")),
  ];
}

function commitLine(state: TopState, commit: number | null, width: number, symbols: Symbols): Segment[] {
  const rate = state.commitRates.at(-1);
  const numbers = `commit ${commit ?? symbols.none}  ${rate === undefined ? symbols.none : rate.toFixed(1)}/s `;
  return [
    segment(numbers),
    segment(sparkline(state.commitRates, width - numbers.length, symbols.bars), "good"),
  ];
}

export function footerLine(state: TopState, width: number, symbols: Symbols): readonly Segment[] {
  return fitLine(footer(state), width, symbols.ellipsis);
}

function footer(state: TopState): Segment[] {
  if (state.typing) return [segment("/", "strong"), segment(state.filter), segment(" ", "cursor")];
  const problem = staleness(state);
  if (problem !== null) return [segment(problem, "warn")];
  const filter = state.filter === "" ? [] : [segment(`filter "${state.filter}"  `, "warn")];
  const drift = state.driftOnly ? [segment("drift only  ", "warn")] : [];
  const keys = "q quit  ? help  tab pane  s sort  r reverse  d drift  / filter  p pause";
  return [...filter, ...drift, segment(keys, "faint")];
}

/** The problem with the lists of shards and clusters, and how old the shown data are. */
function staleness(state: TopState): string | null {
  if (state.problem === null) return null;
  const atMs = state.clusters?.atMs ?? state.shards?.atMs;
  const age = atMs === undefined ? "" : ` (shown as of ${formatDuration(state.nowMs - atMs)} ago)`;
  return `${state.problem}${age}`;
}

export function helpLines(width: number, height: number, symbols: Symbols): (readonly Segment[])[] {
  const lines = [
    [segment("Keys", "strong")],
    ...HELP.map(([keys, meaning]) => [segment(`  ${keys.padEnd(14)}`, "strong"), segment(meaning)]),
    [segment("? or esc goes back", "faint")],
  ];
  return lines.slice(0, Math.max(0, height)).map((line) => fitLine(line, width, symbols.ellipsis));
}
