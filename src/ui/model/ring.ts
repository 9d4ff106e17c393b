// A bounded list of samples, the oldest first. Immutable: a dashboard compares states by identity.

/** `samples` with one more, at most `limit` of them: the oldest is dropped. */
export function pushSample<Sample>(
  samples: readonly Sample[],
  sample: Sample,
  limit: number,
): readonly Sample[] {
  return [...samples, sample].slice(-limit);
}
