// The dashboard's last line: what is typed, what was just done, or which keys do what.
import { fitLine } from "../fit.ts";
import { type Segment, segment } from "../paint.ts";
import type { Symbols } from "../symbols.ts";
import { rowHere, viewHere } from "./cursor.ts";
import { shardsNamed } from "./shard-names.ts";
import type { TopState } from "./state.ts";
import type { Line } from "./table-lines.ts";
import { type ViewName, viewsNamed } from "./views.ts";

export function footerLine(state: TopState, width: number, symbols: Symbols): Line {
  return fitLine(footer(state), width, symbols.ellipsis);
}

function footer(state: TopState): Segment[] {
  const { prompt, notice, problems } = state;
  if (prompt?.kind === "filter") {
    const hint = prompt.text === "" ? [segment("  text, column=value or column!=value", "faint")] : [];
    return [segment("/", "strong"), segment(prompt.text), segment(" ", "cursor"), ...hint];
  }
  if (prompt?.kind === "labels") {
    return [
      segment(`label ${rowHere(state) ?? ""}: `, "strong"),
      segment(prompt.text),
      segment(" ", "cursor"),
      segment("  KEY=VALUE sets a label, KEY- removes it", "faint"),
    ];
  }
  if (prompt !== null) {
    const isView = prompt.kind === "view";
    const known = isView ? viewsNamed(prompt.text) : shardsNamed(state.lists, prompt.text);
    const hint = known.length === 0 ? `no such ${prompt.kind}` : known.join("  ");
    return [
      segment(isView ? ":" : "move to shard: ", "strong"),
      segment(prompt.text),
      segment(" ", "cursor"),
      segment(`  ${hint}`, "faint"),
    ];
  }
  if (notice !== null) return [segment(notice.value, "strong")];
  const [problem] = Object.values(problems);
  if (problem !== undefined) return [segment(problem, "warn")];
  return [segment(keysHere(state), "faint")];
}

function keysHere(state: TopState): string {
  const playing = state.playing === null ? "" : "space pause  left right seek  < > speed  ";
  if (state.view === "overview") return `q quit  ? help  ${playing}0-9 tab : view  p pause`;
  const changes = state.writing === null ? "" : (CHANGES[state.view] ?? "");
  if (viewHere(state).open !== null)
    return `q quit  ? help  ${playing}${changes}esc back  up down scroll  y copy command`;
  return `q quit  ? help  ${playing}${changes}enter open  / filter  s S sort  r reverse  d drift  y copy command  : view`;
}

const CHANGES: Readonly<Partial<Record<ViewName, string>>> = {
  nodes: "T lead  ",
  shards: "D drain  A activate  E evacuate  L label  ",
  clusters: "space mark  M move  L label  ",
  drills: "X run  ",
};
