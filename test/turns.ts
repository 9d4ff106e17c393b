// The end of a loop whose other end the tested code has to make. Without it a defect shows as a time-out that says
// nothing, or, in a loop that never waits, as a test run that hangs.

const TURNS_MAX = 10_000;

/** Each turn of the loop calls what this returns, which throws after `most` calls and names what never came. */
export function turns(awaited: string, most = TURNS_MAX): () => void {
  let count = 0;
  return () => {
    count += 1;
    if (count > most) throw new Error(`after ${most} turns it has not come: ${awaited}`);
  };
}
