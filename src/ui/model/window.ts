// Which rows of a long list are drawn: a window around the cursor, never larger than its place.

export interface RowWindow {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/**
 * The window of at most `height` rows of `count` that contains the cursor, in the middle where there is room.
 */
export function visibleWindow(count: number, height: number, cursor: number): RowWindow {
  const size = Math.max(0, Math.min(count, height));
  const middle = cursor - Math.floor(size / 2);
  const from = Math.max(0, Math.min(middle, count - size));
  return { from, to: from + size };
}

/** `cursor` moved by `by` rows and kept inside the list. */
export function moveCursor(cursor: number, by: number, count: number): number {
  return Math.max(0, Math.min(cursor + by, count - 1));
}
