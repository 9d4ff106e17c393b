// The fuzzers' own calls: they are honest, and honest callers try again.

const PATIENCE_MS = 60_000;

/**
 * A member may be without a leader for a moment, and on a busy machine a handshake may take longer than its deadline. `onFailure` hears
 * of each attempt that fails.
 */
export async function untilDone<Done>(
  work: () => Promise<Done>,
  onFailure: (error: unknown) => void = () => undefined,
): Promise<Done> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      onFailure(error);
      if (performance.now() > endMs) throw error;
    }
  }
}
