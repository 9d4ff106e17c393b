// The view that opens first. It shows what is wrong, who led in the last ten minutes, and how commits went. Below are
// the nodes, what they coordinate, and the newest events. Narrow terminals get less of each; nothing is ever wider or
// higher than its place.

import { formatDuration } from "../../../core/base/duration.ts";
import { fitLine } from "../fit.ts";
import type { Line as TextLine } from "../line.ts";
import { shortTime } from "../milliseconds.ts";
import { type Segment, type Style, segment } from "../paint.ts";
import { sparkline } from "../sparkline.ts";
import type { Symbols } from "../symbols.ts";
import type { Mark } from "../table.ts";
import { driftMark, livenessWord, shardStateWord } from "../words.ts";
import { areaChart, bucketed, roundTop } from "./charts.ts";
import { driftCounts } from "./drift-counts.ts";
import { problems } from "./health.ts";
import { nodeName, reignsOf } from "./reign-words.ts";
import { leadership } from "./reigns.ts";
import { HISTORY_SECONDS, type Measured, type TopState, unheardText } from "./state.ts";
import { type Line, tableLines } from "./table-lines.ts";
import { rowsOf } from "./view-list.ts";

interface Place {
  readonly width: number;
  readonly height: number;
  readonly symbols: Symbols;
}

const WINDOW_MS = HISTORY_SECONDS * 1_000;
const LABEL = 13;
const EDGE = 8;
const PROBLEMS_MAX = 5;
/** Lists are asked for again within seconds: what is older says so. */
const OLD_MS = 15_000;
/** From here on events stand beside the charts. */
const WIDE = 120;
const CHART_ROWS_MAX = 7;
/** A dashboard that was just opened shows less time, so that something can be seen. */
const CHART_SECONDS = [60, 120, 300];
/** What the table of nodes takes, and the shortest strip that says something. */
const NODE_COLUMNS = 108;
const STRIP_MIN = 16;
/** Slower than this deserves an eye: a leader hands over at some tens of milliseconds (slow-disk.ts). */
const SYNC_WARN_MS = 50;

export function overviewLines(state: TopState, place: Place): Line[] {
  const { width, height, symbols } = place;
  const top = [...problemLines(state, place), ...stripLines(state, place)];
  const nodes = nodeLines(state, place);
  const counts = countLines(state, symbols);
  const left = Math.max(0, height - top.length - nodes.length - counts.length);
  const isWide = width >= WIDE;
  const chartRows = rowsForCharts(isWide ? left : left - Math.min(6, Math.floor(left / 3)));
  const chartWidth = isWide ? Math.floor(width * 0.55) : width;
  const charts = chartLines(state, { width: chartWidth, height: chartRows, symbols });
  const events = isWide
    ? eventLines(state, { width: width - chartWidth - 2, height: Math.max(charts.length, left), symbols })
    : eventLines(state, { width, height: left - charts.length, symbols });
  const lower = isWide ? beside(charts, events, chartWidth, symbols) : [...charts, ...events];
  const lines = [...top, ...lower.slice(0, left), ...nodes, ...counts];
  return lines.slice(0, Math.max(0, height)).map((line) => fitLine(line, width, symbols.ellipsis));
}

function problemLines(state: TopState, { width, symbols }: Place): Line[] {
  const found = problems(state);
  if (state.fleet === null || found.length === 0) return [];
  const shown = found.slice(0, found.length > PROBLEMS_MAX ? PROBLEMS_MAX - 1 : PROBLEMS_MAX);
  const more: TextLine[] =
    found.length > shown.length
      ? [{ text: `and ${found.length - shown.length} more: fleet status`, mark: "unknown" }]
      : [];
  const lines = [...shown, ...more].map(({ text, mark }): Segment[] => [
    segment(` ${symbols.marks[mark]} `, mark),
    segment(text, mark),
  ]);
  return [...lines, [segment(" ".repeat(width))]];
}

/** Who led: a line of time, and how far back it goes. */
function stripLines(state: TopState, { width, symbols }: Place): Line[] {
  const columns = Math.max(0, width - LABEL - 1);
  const reigns = reignsOf(state);
  const stretches = leadership(reigns, { nowMs: state.nowMs, windowMs: WINDOW_MS, columns });
  const segments: Segment[] = [];
  let named = 0;
  for (const [at, stretch] of stretches.entries()) {
    const before = stretches[at - 1];
    if (stretch.kind === "led") {
      const isNew = before?.kind !== "led" || before.leaderId !== stretch.leaderId;
      if (isNew) named = at;
      const name = nodeName(state, stretch.leaderId);
      const letter = name[at - named];
      if (stretch.hasGap) segments.push(segment(symbols.gap, "warn"));
      else if (letter !== undefined) segments.push(segment(letter, "strong"));
      else segments.push(segment(symbols.led, "good"));
    } else if (stretch.kind === "none") segments.push(segment(symbols.leaderless, "bad"));
    else segments.push(segment(symbols.unseen, "faint"));
  }
  const axis = `${"-10m".padEnd(Math.max(0, Math.floor(columns / 2) - 2))}-5m`;
  return [
    [segment(" leaders".padEnd(LABEL), "strong"), ...segments],
    [
      segment("".padEnd(LABEL)),
      segment(axis.padEnd(Math.max(0, columns - 3)), "faint"),
      segment("now", "faint"),
    ],
  ];
}

interface Chart {
  readonly label: string;
  readonly now: string;
  readonly top: (highest: number) => string;
  readonly samples: readonly (number | null)[];
  readonly style: Style;
}

function chartsOf(measured: readonly Measured[], none: string): Chart[] {
  const chart = (
    label: string,
    pick: (sample: Measured) => number | null,
    format: (value: number) => string,
    style: Style,
  ): Chart => {
    const samples = measured.map(pick);
    const last = samples.at(-1) ?? null;
    return { label, samples, style, now: last === null ? none : format(last), top: format };
  };
  return [
    chart(
      "commits",
      ({ commitsPerSecond }) => commitsPerSecond,
      (value) => `${value.toFixed(value < 10 ? 1 : 0)}/s`,
      "good",
    ),
    chart("latency p99", ({ commitP99Ms }) => commitP99Ms, shortTime, "plain"),
    chart("lag", ({ lagMs }) => lagMs, shortTime, "plain"),
  ];
}

/** Rows of each chart, for so many rows for all of them. */
const rowsForCharts = (rows: number): number =>
  Math.max(1, Math.min(CHART_ROWS_MAX, Math.floor((rows - 1) / 3)));

function chartLines(state: TopState, { width, height, symbols }: Place): Line[] {
  const columns = Math.max(0, width - LABEL - EDGE);
  const window = CHART_SECONDS.find((seconds) => state.measured.length <= seconds) ?? HISTORY_SECONDS;
  return chartsOf(state.measured, symbols.none).flatMap(({ label, now, top, samples, style }) => {
    const highest = roundTop(Math.max(0, ...samples.map((sample) => sample ?? 0)));
    const size = { width: columns, height, window };
    const lines = areaChart(samples, size, highest, symbols);
    return lines.map((line, at): Segment[] => {
      const title = at === 0 ? ` ${label}` : at === 1 ? ` ${now}` : "";
      const short = height === 1 ? ` ${label.slice(0, 4)} ${now}` : title;
      const edge = at === 0 ? ` ${top(highest)}` : at === 1 ? ` ${window / 60} min` : "";
      return [
        segment(short.padEnd(LABEL).slice(0, LABEL), at === 1 || height === 1 ? "strong" : "plain"),
        segment(line, style),
        segment(edge.padEnd(EDGE), "faint"),
      ];
    });
  });
}

function eventLines(state: TopState, { height, symbols }: Place): Line[] {
  if (height <= 0) return [];
  const title: Line = [segment(" events", "strong")];
  if (state.events.length === 0)
    return [title, [segment("   none seen yet", "faint")] as Line].slice(0, height);
  const lines = state.events.slice(0, Math.max(0, height - 1)).map(({ atMs, text, mark }): Segment[] => {
    const age = formatDuration(Math.max(0, state.wallMs - atMs));
    return [
      segment(`${age.padStart(8)} `, "faint"),
      segment(`${mark === "unknown" ? symbols.separator : symbols.marks[mark]} `, mark),
      segment(text, mark === "unknown" ? "plain" : mark),
    ];
  });
  return [title, ...lines];
}

/** The nodes, each with a strip of how slow its disk was. */
function nodeLines(state: TopState, { width, height, symbols }: Place): Line[] {
  const list = rowsOf(
    { ...state, views: { ...state.views, nodes: { ...state.views.nodes, filter: "" } } },
    "nodes",
  );
  const shown = Math.min(list.count, Math.max(1, Math.floor(height / 3)));
  const stripWidth = width >= NODE_COLUMNS + STRIP_MIN ? Math.min(40, width - NODE_COLUMNS) : 0;
  const table = tableLines(list, {
    ...{ width: width - stripWidth, height: shown + 1, cursor: null, sortColumn: null, reversed: false },
    ...{ wallMs: state.wallMs, marked: new Set<string>(), symbols },
  });
  const blank: Line = [segment("")];
  if (stripWidth <= 0) return [blank, ...table];
  return [
    blank,
    ...table.map(
      (line, at): Line => [...line, ...(at === 0 ? [segment("SYNC, 10 MIN", "faint")] : strip(at - 1))],
    ),
  ];

  function strip(at: number): Segment[] {
    if (at >= list.count) return [];
    const samples = state.syncs[list.nameAt(at)] ?? [];
    const values = bucketed(samples, stripWidth - 1, HISTORY_SECONDS);
    const isSlow = values.some((value) => (value ?? 0) >= SYNC_WARN_MS);
    return [
      segment(
        sparkline(
          values.map((value) => value ?? 0),
          stripWidth - 1,
          symbols.bars,
        ),
        isSlow ? "warn" : "faint",
      ),
    ];
  }
}

/** Shards by liveness and clusters by drift. */
function countLines(state: TopState, symbols: Symbols): Line[] {
  const { lists, nowMs } = state;
  const shards = (lists.shards?.value.shards ?? []).filter(
    ({ shard }) => shardStateWord(shard?.state ?? 0) !== "removed",
  );
  const clusters = lists.clusters?.value.clusters;
  const marks: Readonly<Record<string, Mark>> = { alive: "good", suspect: "warn", dead: "bad" };
  const age = (atMs: number | undefined) =>
    atMs === undefined || nowMs - atMs < OLD_MS ? "" : `  as of ${formatDuration(nowMs - atMs)} ago`;
  const line = (label: string, counts: [string, Mark, number][], atMs: number | undefined): Line => [
    segment(label.padEnd(LABEL), "strong"),
    ...(atMs === undefined
      ? [segment(unheardText(state), "faint")]
      : counts.length === 0
        ? [segment("none", "faint")]
        : []),
    ...counts.flatMap(([word, mark, count]) => [
      segment(`${symbols.marks[mark]} ${count} ${word}`, mark),
      segment("   "),
    ]),
    segment(age(atMs), "warn"),
  ];
  const byLiveness = new Map<string, number>();
  for (const { liveness } of shards) {
    const word = livenessWord(liveness);
    byLiveness.set(word, (byLiveness.get(word) ?? 0) + 1);
  }
  return [
    [segment("")],
    line(
      " shards",
      mostFirst(byLiveness).map(([word, count]) => [word, marks[word] ?? "unknown", count]),
      lists.shards?.atMs,
    ),
    line(
      " clusters",
      mostFirst(driftCounts(clusters ?? [])).map(([word, count]) => [
        word === "none" ? "as declared" : word,
        driftMark(word),
        count,
      ]),
      lists.clusters?.atMs,
    ),
  ];
}

const mostFirst = <Word>(counts: ReadonlyMap<Word, number>): [Word, number][] =>
  [...counts].sort(([, a], [, b]) => b - a);

function beside(left: readonly Line[], right: readonly Line[], width: number, symbols: Symbols): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => [
    ...fitLine(left[at] ?? [], width, symbols.ellipsis),
    segment("  "),
    ...(right[at] ?? []),
  ]);
}
