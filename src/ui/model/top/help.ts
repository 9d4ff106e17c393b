// The keys of the dashboard, and what its signs mean.
import { fitLine } from "../fit.ts";
import { segment } from "../paint.ts";
import type { Symbols } from "../symbols.ts";
import type { Line } from "./table-lines.ts";

const KEYS: readonly (readonly [string, string])[] = [
  ["0-9  tab", "choose a view; the next one"],
  [":", "choose a view by its name, for example :audit"],
  ["up down  j k", "move; pgup pgdn by ten, g G to the ends; the mouse wheel moves too"],
  ["enter", "open the row: all that is known about it"],
  ["esc", "back; clear the filter"],
  ["/", "filter: words, column=value, column!=value"],
  ["s S  r", "order by the next or previous column; reverse"],
  ["d", "only clusters with drift"],
  ["y", "copy the command line that shows the same"],
  ["p", "pause: the view stops updating"],
  ["ctrl-l", "draw the whole screen again"],
  ["q", "quit"],
];

const CHANGES: readonly (readonly [string, string])[] = [
  ["T", "hand leadership to the node under the cursor; elsewhere: to the voter with the longest log"],
  ["D  A", "drain the shard under the cursor; activate it"],
  ["space  M", "mark clusters; move the marked ones, or the one under the cursor"],
  ["E", "evacuate the shard under the cursor: move all its clusters elsewhere, in waves"],
  ["L", "set or remove labels of the cluster or shard under the cursor: team=a, tier-"],
  ["X", "run the drill under the cursor"],
  ["c", "cancel what is under way"],
];

const PLAYING: readonly (readonly [string, string])[] = [
  ["left right", "seek by ten seconds"],
  ["< >", "slower, faster"],
  ["space", "pause"],
];

export function helpLines(
  scroll: number,
  { width, height, symbols }: { readonly width: number; readonly height: number; readonly symbols: Symbols },
): Line[] {
  const keys = ([key, meaning]: readonly [string, string]): Line => [
    segment(`  ${key.padEnd(14)}`, "strong"),
    segment(meaning),
  ];
  const { led, gap, leaderless, unseen } = symbols;
  const lines: Line[] = [
    [segment("  Keys", "strong")],
    ...KEYS.map(keys),
    [segment("  Changes, with --write: each shows its command and its dry run, then asks", "strong")],
    ...CHANGES.map(keys),
    [segment("  In a replay", "strong")],
    ...PLAYING.map(keys),
    [segment("  Leaders", "strong")],
    keys([led, "the node led"]),
    keys([gap, "it led, with a moment without a leader"]),
    keys([leaderless, "no leader"]),
    keys([unseen, "before anything was seen"]),
    [segment("  ? or esc goes back", "faint")],
  ];
  const from = Math.max(0, Math.min(scroll, lines.length - height));
  return lines.slice(from, from + Math.max(0, height)).map((line) => fitLine(line, width, symbols.ellipsis));
}
