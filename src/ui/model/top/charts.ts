// Charts of characters: an area over time, in braille dots (two columns and four rows a character) or in bars.

import type { Symbols } from "../symbols.ts";

// Dots of a braille character from the bottom up, left and right (Unicode, "Braille Patterns").
const LEFT = [0x40, 0x04, 0x02, 0x01];
const RIGHT = [0x80, 0x20, 0x10, 0x08];
const BRAILLE = 0x2800;
const DOTS = 4;

/** The highest sample of each of `columns` equal stretches; null where there is none. The last sample is at the right. */
export function bucketed(
  samples: readonly (number | null)[],
  columns: number,
  window: number,
): (number | null)[] {
  const buckets = new Array<number | null>(Math.max(0, columns)).fill(null);
  const first = window - samples.length;
  for (const [at, sample] of samples.entries()) {
    const from = Math.floor(((first + at) * columns) / window);
    const to = Math.max(from + 1, Math.floor(((first + at + 1) * columns) / window));
    for (let column = Math.max(0, from); column < Math.min(columns, to); column += 1) {
      if (sample !== null) buckets[column] = Math.max(buckets[column] ?? 0, sample);
    }
  }
  return buckets;
}

/** Lines from the top, each `width` wide; `top` is the value that reaches the upper edge. */
export function areaChart(
  samples: readonly (number | null)[],
  size: { readonly width: number; readonly height: number; readonly window: number },
  top: number,
  { chart, bars }: Pick<Symbols, "chart" | "bars">,
): string[] {
  const { width, height, window } = size;
  if (width <= 0 || height <= 0) return [];
  return chart === "braille"
    ? brailleLines(bucketed(samples, width * 2, window), height, top)
    : barLines(bucketed(samples, width, window), height, top, bars);
}

function brailleLines(values: readonly (number | null)[], height: number, top: number): string[] {
  const filled = values.map((value) => steps(value, height * DOTS, top));
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * DOTS;
    let text = "";
    for (let column = 0; column < filled.length; column += 2) {
      const bits = dots(filled[column], below, LEFT) | dots(filled[column + 1], below, RIGHT);
      text += String.fromCharCode(BRAILLE + bits);
    }
    return text;
  });
}

function dots(filled: number | undefined, below: number, column: readonly number[]): number {
  const count = Math.max(0, Math.min(DOTS, (filled ?? 0) - below));
  return column.slice(0, count).reduce((bits, bit) => bits | bit, 0);
}

function barLines(values: readonly (number | null)[], height: number, top: number, bars: string): string[] {
  const levels = bars.length;
  const filled = values.map((value) => steps(value, height * levels, top));
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * levels;
    return filled
      .map((steps) => (steps <= below ? " " : (bars[Math.min(levels, steps - below) - 1] ?? " ")))
      .join("");
  });
}

// The smallest value shows as one step: something is not nothing. So does a zero that was measured.
function steps(value: number | null, count: number, top: number): number {
  if (value === null) return 0;
  if (top <= 0) return 1;
  return Math.max(1, Math.min(count, Math.round((value / top) * count)));
}

/** A round number that is at least `value`: 1, 2 or 5 times a power of ten. */
export function roundTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= value) return factor * power;
  return 10 * power;
}
