// How old is too old for a certificate: pure. One bound for the log of a process, `fleet status`, `fleet cert list` and
// what they advise.

const DAY_MS = 86_400_000;
/** Enough to renew by hand after a holiday. */
const SOON_DAYS = 14;

/** Whole days from `nowMs` until `endsAtMs`; negative once that has passed. */
export function daysLeft(endsAtMs: number, nowMs: number): number {
  return Math.floor((endsAtMs - nowMs) / DAY_MS);
}

/** Whether a certificate with so many days left needs somebody; one of which nothing is known does not. */
export function endsSoon(days: number | null): boolean {
  return days !== null && days < SOON_DAYS;
}
