// The dashboard's first lines: how the fleet is, and which view is in front.

import { formatDuration } from "../../../core/base/duration.ts";
import { fitLine } from "../fit.ts";
import { verdictMark } from "../fleet-verdict.ts";
import { type Segment, segment } from "../paint.ts";
import type { Symbols } from "../symbols.ts";
import { marginText, verdictOf } from "./health.ts";
import { type Playing, type TopState, unheardText } from "./state.ts";
import { summarize } from "./summary.ts";
import type { Line } from "./table-lines.ts";
import { VIEWS } from "./views.ts";

export function headerLines(state: TopState, width: number, symbols: Symbols): Line[] {
  const between = segment(` ${symbols.separator} `, "faint");
  const facts = factsOf(state, symbols).flatMap((fact, at) => (at === 0 ? [fact] : [between, fact]));
  return [fitLine(facts, width, symbols.ellipsis), fitLine(tabs(state, width), width, symbols.ellipsis)];
}

function factsOf(state: TopState, symbols: Symbols): Segment[] {
  const verdict = verdictOf(state);
  const played = state.playing === null ? [] : playingSegments(state.playing);
  if (state.fleet === null || verdict === null)
    return [segment("fleet", "strong"), ...played, segment(unheardText(state), "unknown")];
  const summary = summarize(state.fleet.value);
  const mark = verdictMark(verdict);
  const margin = marginText(state);
  return [
    segment(summary.name === "" ? "fleet" : summary.name, "banner"),
    ...played,
    ...(state.paused ? [segment("PAUSED", "warn")] : []),
    segment(`${symbols.marks[mark]} ${verdict}`, mark),
    summary.leader === null ? segment("no leader", "bad") : segment(`leader ${summary.leader}`),
    segment(`term ${summary.term ?? symbols.none}`),
    segment(
      `up ${summary.up}/${summary.voters}, ${summary.quorum === null ? "log in etcd" : `quorum ${summary.quorum}`}`,
    ),
    ...(margin === null
      ? []
      : [segment(margin.text, margin.canLose === 0 && summary.voters > 1 ? "warn" : "plain")]),
    ...summary.disputes.map((dispute) => segment(dispute, "bad")),
    segment(`commit ${summary.commit ?? symbols.none}`),
  ];
}

function playingSegments({ atMs, lengthMs, speed, isCut }: Playing): Segment[] {
  const rate = speed === 1 ? "" : ` at ${speed}x`;
  const where = segment(`REPLAY ${formatDuration(atMs)} of ${formatDuration(lengthMs)}${rate}`, "warn");
  return isCut && atMs >= lengthMs ? [where, segment("the recording is cut off here", "bad")] : [where];
}

/** All views that fit, with the one in front among them. */
function tabs({ view }: TopState, width: number): Segment[] {
  const texts = VIEWS.map((name, at) => (at < 10 ? ` ${at} ${name} ` : ` ${name} `));
  const front = VIEWS.indexOf(view);
  let first = 0;
  const upTo = (at: number) => texts.slice(first, at + 1).join("").length;
  while (first < front && upTo(front) > width) first += 1;
  return texts.slice(first).map((text, at) => segment(text, first + at === front ? "cursor" : "faint"));
}
