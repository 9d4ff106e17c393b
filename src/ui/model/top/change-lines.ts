// The panel of a change, below the view in front. It shows what would be done, by which command line, the result of the
// dry run, and the question. Then it shows the progress and the outcome.

import { assert } from "../../../core/base/assert.ts";
import { formatDuration } from "../../../core/base/duration.ts";
import { fitLine } from "../fit.ts";
import { type Segment, type Style, segment } from "../paint.ts";
import type { Symbols } from "../symbols.ts";
import type { Mark } from "../table.ts";
import { type ChangeDialog, type ChangeStage, changeCommand, changeWords, nameToType } from "./change.ts";
import type { TopState } from "./state.ts";
import type { Line } from "./table-lines.ts";

interface Place {
  readonly width: number;
  /** At most this many lines. */
  readonly height: number;
  readonly symbols: Symbols;
}

const MARKS: Readonly<Record<ChangeStage, Mark>> = {
  checking: "unknown",
  asking: "warn",
  running: "warn",
  stopping: "warn",
  done: "good",
  failed: "bad",
};

/** None without a change. The question stays in sight, whatever the dry run said. */
export function changeLines(state: TopState, { width, height, symbols }: Place): Line[] {
  const { change: dialog, writing } = state;
  if (dialog === null || writing === null || height < 1) return [];
  const mark = MARKS[dialog.stage];
  const title: Line = [
    segment(`${symbols.horizontal.repeat(2)} `, "faint"),
    segment(` ${writing.fleet} `, "banner"),
    segment(` ${changeWords(dialog.change)} `, "strong"),
    segment(`${symbols.marks[mark]} ${stageWords(state, dialog)}`, mark),
  ];
  const command = chunks(changeCommand(dialog.change, writing, state.targetWords), width - 4).map(
    (text, at): Line => [segment(at === 0 ? "  $ " : "    ", "faint"), segment(text, "strong")],
  );
  const question = questionLine(state, dialog, nameToType(dialog.change, writing));
  const room = Math.max(0, height - 2 - command.length);
  const said = saidLines(dialog, room, width);
  const lines = [title, ...command, ...said, question].slice(-height);
  assert(lines.length <= height, "a panel is never taller than its place");
  return lines.map((line) => fitLine(line, width, symbols.ellipsis));
}

function stageWords({ nowMs }: TopState, { stage, sinceMs }: ChangeDialog): string {
  const lasted = formatDuration(Math.max(0, nowMs - sinceMs));
  switch (stage) {
    case "checking":
      return `dry run, ${lasted}`;
    case "asking":
      return "not done yet";
    case "running":
      return `under way for ${lasted}`;
    case "stopping":
      return `being cancelled for ${lasted}`;
    case "done":
    case "failed":
      return `${stage} ${lasted} ago`;
  }
}

/** Of a dry run the beginning, of what follows the end. */
function saidLines({ stage, lines }: ChangeDialog, room: number, width: number): Line[] {
  const wrapped = lines.flatMap((line) => (line === "" ? [] : chunks(line, width - 4)));
  if (wrapped.length <= room) return wrapped.map(plainLine);
  if (room === 0) return [];
  const hidden = wrapped.length - room + 1;
  const more: Line = [segment(`  ${hidden} more lines`, "faint")];
  return stage === "asking"
    ? [...wrapped.slice(0, room - 1).map(plainLine), more]
    : [more, ...wrapped.slice(hidden).map(plainLine)];
}

const plainLine = (text: string): Line => [segment(`  ${text}`, styleOf(text))];

/** Lines of the commands begin with a symbol where something is to be noted. */
function styleOf(text: string): Style {
  return text.startsWith("next: ") ? "strong" : "plain";
}

function questionLine(state: TopState, { stage, typed }: ChangeDialog, name: string | null): Segment[] {
  switch (stage) {
    case "checking":
      return [segment("  asking the fleet what would change; esc leaves", "faint")];
    case "asking":
      return name === null
        ? [segment("  do it? y does, n or esc leaves everything as it is", "strong")]
        : [
            segment(`  type ${name} and enter to do it, esc leaves everything as it is: `, "strong"),
            segment(typed),
            segment(" ", "cursor"),
          ];
    case "running":
      return [segment("  c cancels it; the views work meanwhile", "faint")];
    case "stopping":
      return [segment("  being cancelled: it first finishes or undoes what it began", "faint")];
    case "done":
    case "failed":
      return [segment(state.prompt === null ? "  esc closes this" : "", "faint")];
  }
}

function chunks(text: string, width: number): string[] {
  const size = Math.max(1, width);
  return Array.from({ length: Math.max(1, Math.ceil(text.length / size)) }, (_, at) =>
    text.slice(at * size, (at + 1) * size),
  );
}
