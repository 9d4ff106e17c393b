// When a certificate is close to its end: pure. One limit for the log of a process, `fleet status`, `fleet
// cert list` and their advice.

const DAY_MS = 86_400_000;
/** Enough to renew by hand after a holiday. */
const SOON_DAYS = 14;

/** Whole days from `nowMs` until `endsAtMs`; negative afterwards. */
export function daysLeft(endsAtMs: number, nowMs: number): number {
  return Math.floor((endsAtMs - nowMs) / DAY_MS);
}

/** Whether a certificate with this many days left needs renewal; an unknown one does not. */
export function endsSoon(days: number | null): boolean {
  return days !== null && days < SOON_DAYS;
}
