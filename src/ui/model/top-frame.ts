// A whole frame of the dashboard: never more lines than the terminal has rows, each exactly as wide as the
// terminal.
import { assert } from "../../core/base/assert.ts";
import { PANES } from "./keys.ts";
import type { Segment } from "./paint.ts";
import { paneLines } from "./pane-lines.ts";
import type { Symbols } from "./symbols.ts";
import { sharePanes } from "./top-layout.ts";
import { footerLine, headerLines, helpLines } from "./top-lines.ts";
import { paneRows } from "./top-rows.ts";
import type { TopState } from "./top-state.ts";

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Frame {
  readonly header: readonly (readonly Segment[])[];
  readonly body: readonly (readonly Segment[])[];
  readonly footer: readonly Segment[];
}

export function topFrame(state: TopState, { columns, rows }: FrameSize, symbols: Symbols): Frame {
  const header = headerLines(state, columns, symbols).slice(0, Math.max(0, rows - 1));
  const footer = footerLine(state, columns, symbols);
  const height = Math.max(0, rows - header.length - 1);
  const body = state.help ? helpLines(columns, height, symbols) : panes(state, columns, height, symbols);
  assert(header.length + body.length + 1 <= Math.max(1, rows), "a frame is never taller than the terminal");
  return { header, body, footer };
}

function panes(state: TopState, width: number, height: number, symbols: Symbols): (readonly Segment[])[] {
  const counts = Object.fromEntries(PANES.map((pane) => [pane, paneRows(state, pane).length]));
  const { nodes = 0, shards = 0, bindings = 0 } = counts;
  return sharePanes(height, state.pane, { nodes, shards, bindings }).flatMap((share) =>
    paneLines(state, share.pane, { width, height: share.height }, symbols),
  );
}
