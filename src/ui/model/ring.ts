// A bounded list of samples, the oldest first. Immutable: a dashboard compares states by identity.

/** `samples` with one more, at most `limit` of them: the oldest is dropped. */
export function pushSample(samples: readonly number[], sample: number, limit: number): readonly number[] {
  return [...samples, sample].slice(-limit);
}
