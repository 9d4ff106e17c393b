// How keys, dry runs and outcomes move a change along: from its proposal to its end. What must stay true: without --write nothing
// is proposed; one change at a time; answers to a change that was left are ignored.

import {
  type Change,
  type ChangeDialog,
  type ChangeNews,
  type ChangeStage,
  changeWords,
  isModal,
  isUnderWay,
  nameToType,
  type Proposal,
} from "./change.ts";
import { listHere, rowHere, viewHere } from "./cursor.ts";
import type { TopState } from "./state.ts";

/** More lines of progress than a screen has are not kept. */
const LINES_MAX = 200;

const WORDS: Readonly<Record<Proposal, string>> = {
  transfer: "transfer leadership",
  drain: "drain a shard",
  activate: "activate a shard",
  rebind: "move clusters",
  label: "label something",
  evacuate: "evacuate a shard",
  drill: "run a drill",
};

/** The key of a change was pressed: what it is about is the row under the cursor. */
export function proposed(state: TopState, what: Proposal): TopState {
  const refusal = whyNotNow(state, WORDS[what]);
  if (refusal !== null) return noticed(state, refusal);
  const here = rowHere(state);
  switch (what) {
    case "transfer":
      return begun(state, { kind: what, to: state.view === "nodes" ? (here ?? "") : "" });
    case "drain":
    case "activate":
    case "evacuate":
      if (state.view !== "shards" || here === null)
        return noticed(state, `to ${WORDS[what]}, choose it in :shards`);
      return begun(state, { kind: what, shard: here });
    case "rebind":
      if (state.view !== "clusters" || clustersToMove(state).length === 0)
        return noticed(state, "to move clusters, mark them in :clusters with space");
      return { ...state, help: false, prompt: { kind: "shard", text: "" } };
    case "label":
      if (subjectIn(state) === null || here === null)
        return noticed(state, `to ${WORDS.label}, choose it in :clusters or :shards`);
      return { ...state, help: false, prompt: { kind: "labels", text: "" } };
    case "drill":
      if (state.view !== "drills" || here === null || !isDrill(state, here))
        return noticed(state, "to run a drill, choose it in :drills");
      return begun(state, { kind: what, name: here });
  }
}

/** The shard for the clusters was typed. */
export function rebindTo(state: TopState, shard: string): TopState {
  const left = { ...state, prompt: null };
  const to = shard.trim();
  const clusters = clustersToMove(state);
  return to === "" || clusters.length === 0 ? left : begun(left, { kind: "rebind", clusters, to });
}

/** The labels of the row under the cursor were typed. */
export function labelTo(state: TopState, text: string): TopState {
  const left = { ...state, prompt: null };
  const [subject, name] = [subjectIn(state), rowHere(state)];
  const labels = text.split(/\s+/).filter((word) => word !== "");
  if (subject === null || name === null || labels.length === 0) return left;
  return begun(left, { kind: "label", subject, name, labels });
}

/** What has labels in this view. */
function subjectIn({ view }: TopState): "cluster" | "shard" | null {
  if (view === "clusters") return "cluster";
  return view === "shards" ? "shard" : null;
}

/** The marked ones, or else the one under the cursor. */
function clustersToMove(state: TopState): readonly string[] {
  const here = rowHere(state);
  if (state.marked.length > 0) return state.marked;
  return here === null ? [] : [here];
}

/** Marks the cluster under the cursor, or takes its mark away, and moves on to the next. Elsewhere space pauses. */
export function markedHere(state: TopState): TopState {
  const list = listHere(state);
  const name = rowHere(state);
  if (state.view !== "clusters" || state.playing !== null || list === null || viewHere(state).open !== null)
    return { ...state, paused: !state.paused };
  const refusal = whyNotNow(state, "mark clusters and move them");
  if (refusal !== null) return noticed(state, refusal);
  if (name === null) return state;
  const marked = state.marked.includes(name)
    ? state.marked.filter((other) => other !== name)
    : [...state.marked, name];
  const next = list.nameAt(Math.min(list.find(name) + 1, list.count - 1));
  const clusters = { ...state.views.clusters, cursor: next };
  return { ...state, marked, views: { ...state.views, clusters } };
}

/** Why nothing can be changed now; null: it can. */
function whyNotNow({ writing, playing, change, targetWords }: TopState, what: string): string | null {
  if (playing !== null) return "a replay changes nothing";
  const target = targetWords === "" ? "" : ` ${targetWords}`;
  if (writing === null) return `to ${what} from here, start it with: fleet top --write${target}`;
  if (change !== null && isUnderWay(change)) return "a change is under way: c cancels it";
  return null;
}

function isDrill(state: TopState, name: string): boolean {
  return state.lists.drills?.value.drills.some((drill) => drill.name === name) ?? false;
}

function begun(state: TopState, change: Change): TopState {
  const id = state.changes + 1;
  const dialog: ChangeDialog = {
    ...{ id, change, stage: "checking", lines: [], typed: "", sinceMs: state.nowMs },
  };
  return { ...state, changes: id, change: dialog, help: false };
}

/** y, or enter behind the typed name. */
export function confirmed(state: TopState): TopState {
  const { change: dialog, writing } = state;
  if (dialog?.stage !== "asking" || writing === null) return state;
  const wanted = nameToType(dialog.change, writing);
  if (wanted !== null && dialog.typed.trim() !== wanted)
    return noticed(state, `type ${wanted} exactly, or esc`);
  return turned(state, dialog, "running", [...dialog.lines, ""]);
}

/** Leaves a change that was not begun, cancels one that is made, and closes one that ended. */
export function cancelled(state: TopState): TopState {
  const { change: dialog } = state;
  if (dialog === null) return state;
  if (dialog.stage === "running") return turned(state, dialog, "stopping", dialog.lines);
  if (dialog.stage === "stopping") return state;
  const isLeft = isModal(dialog);
  const closed = { ...state, change: null };
  return isLeft ? noticed(closed, `left: ${changeWords(dialog.change)}`) : closed;
}

export function typedName(state: TopState, change: (text: string) => string): TopState {
  const { change: dialog } = state;
  return dialog === null ? state : { ...state, change: { ...dialog, typed: change(dialog.typed) } };
}

/** What came of the dry run, or of the change itself. */
export function heardOfChange(state: TopState, id: number, news: ChangeNews): TopState {
  const { change: dialog } = state;
  if (dialog?.id !== id) return state;
  switch (news.kind) {
    case "checked":
      return dialog.stage === "checking" ? turned(state, dialog, "asking", news.lines) : state;
    case "progress":
      return { ...state, change: { ...dialog, lines: kept([...dialog.lines, news.line]) } };
    case "ended": {
      const ended = turned(state, dialog, news.isDone ? "done" : "failed", [...dialog.lines, ...news.lines]);
      if (!news.isDone || dialog.change.kind !== "rebind") return ended;
      const { clusters } = dialog.change;
      return { ...ended, marked: state.marked.filter((name) => !clusters.includes(name)) };
    }
  }
}

function turned(
  state: TopState,
  dialog: ChangeDialog,
  stage: ChangeStage,
  lines: readonly string[],
): TopState {
  return { ...state, change: { ...dialog, stage, lines: kept(lines), sinceMs: state.nowMs } };
}

const kept = (lines: readonly string[]): readonly string[] => lines.slice(-LINES_MAX);

const noticed = (state: TopState, value: string): TopState => ({
  ...state,
  notice: { value, atMs: state.nowMs },
});
