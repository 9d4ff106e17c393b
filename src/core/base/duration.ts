// Durations as operators type and read them: 250ms, 5s, 1m30s, 2h, 3d. Milliseconds everywhere inside.
// Flags, plan files and gates of drills all use this grammar.

/** 24 days, the longest delay that a timer takes: a longer one ends at once. */
export const DURATION_MS_MAX = 2 ** 31 - 1;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const WHOLE = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/**
 * Milliseconds, or `null` when `text` is not a duration. A number without a unit is refused: its unit would
 * be a guess.
 */
export function parseDuration(text: string): number | null {
  if (!WHOLE.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(PART)) {
    totalMs += Number(amount) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  }
  return Number.isFinite(totalMs) ? Math.round(totalMs) : null;
}

/** The two largest relevant units: 45ms, 3.2s, 1m30s, 2h05m, 3d4h. */
export function formatDuration(ms: number): string {
  const wholeMs = Math.max(0, Math.round(ms));
  if (wholeMs < 1000) return `${wholeMs}ms`;
  if (wholeMs < 9950) return `${(wholeMs / 1000).toFixed(1)}s`;
  const seconds = Math.round(wholeMs / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${twoDigits(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h${twoDigits(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");

/** Nothing rounded, in the largest unit that says it as a whole number: 24h, 30d, 90s. It can be typed again. */
export function exactDuration(ms: number): string {
  const units = Object.entries(UNIT_MS).reverse();
  const [unit, unitMs] = units.find(([name, size]) => ms % size === 0 && ms >= leastOf(name, size)) ?? [
    "ms",
    1,
  ];
  return `${ms / unitMs}${unit}`;
}

/** A day is said in hours, as it is typed. */
const leastOf = (unit: string, unitMs: number): number => (unit === "d" ? 2 * unitMs : unitMs);
