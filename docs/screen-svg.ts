// A terminal's screen as SVG: a rounded dark window, a <text> a row, a <tspan> a run of cells that look the same.
// No script, no font but the reader's own monospaced one. Pure: the same screen gives the same bytes.

import type { TerminalCell } from "../test/integration/terminal.ts";

const CELL = { width: 8.4, height: 18 };
const MARGIN = { side: 16, top: 40, bottom: 14 };
const BACKGROUND = "#16181d";
const FOREGROUND = "#d7dae0";
// The sixteen ANSI colours as a dark theme shows them.
const PALETTE: readonly string[] = [
  ...["#3f4451", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"],
  ...["#5c6370", "#ff7a85", "#b5e890", "#ffd68a", "#7cc3ff", "#e08af2", "#6fd3e0", "#ffffff"],
];

export function screenSvg(rows: readonly (readonly TerminalCell[])[], title: string): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const width = Math.ceil(columns * CELL.width) + 2 * MARGIN.side;
  const height = rows.length * CELL.height + MARGIN.top + MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    ...["#e06c75", "#e5c07b", "#98c379"].map(
      (fill, at) => `<circle cx="${20 + 18 * at}" cy="18" r="5.5" fill="${fill}"/>`,
    ),
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${FOREGROUND}" xml:space="preserve">`,
    ...rows.flatMap((row, at) => rowSvg(row, MARGIN.top + (at + 0.75) * CELL.height)),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

interface Run {
  readonly column: number;
  readonly look: string;
  readonly text: string;
}

function rowSvg(row: readonly TerminalCell[], y: number): string[] {
  const runs = runsOf(row);
  const spans = runs.map(({ column, look, text }) => {
    // Each run is put in its column and made as wide as its cells: fonts differ in the width of symbols.
    const place = `x="${rounded(MARGIN.side + column * CELL.width)}" textLength="${rounded(text.length * CELL.width)}"`;
    return `<tspan ${place}${look}>${escaped(text)}</tspan>`;
  });
  return spans.length === 0 ? [] : [`<text y="${rounded(y)}">${spans.join("")}</text>`];
}

/** Cells that look the same, joined; blanks between words of the same look too, wider gaps not. */
function runsOf(row: readonly TerminalCell[]): Run[] {
  const runs: Run[] = [];
  for (const [column, cell] of row.entries()) {
    const look = lookOf(cell);
    const last = runs.at(-1);
    if (last !== undefined && last.look === look && last.column + last.text.length === column) {
      runs[runs.length - 1] = { ...last, text: last.text + cell.text };
    } else {
      runs.push({ column, look, text: cell.text });
    }
  }
  return runs.flatMap(words);
}

/** A run without its blanks: cut where two or more stand together. */
function words({ column, look, text }: Run): Run[] {
  return [...text.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
    column: column + match.index,
    look,
    text: match[0],
  }));
}

function lookOf({ color, isBold, isDim, isInverse }: TerminalCell): string {
  const fill = color === null ? "" : ` fill="${PALETTE[color] ?? FOREGROUND}"`;
  const weight = isBold || isInverse ? ' font-weight="bold"' : "";
  return `${fill}${weight}${isDim ? ' fill-opacity="0.6"' : ""}`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

const rounded = (number: number): string => String(Math.round(number * 10) / 10);
