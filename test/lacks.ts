// The one way in which a test is skipped: what the machine lacks is printed, so that no report hides it.

/** Whether something is missing without which the tests that ask cannot run. Says so. */
export function lacks(what: string, isThere: boolean): boolean {
  if (!isThere) console.warn(`skipped: this machine lacks ${what}`);
  return !isThere;
}
