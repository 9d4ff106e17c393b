// How fast a shard may make a leader work, in tokens (base/pace.ts).

/** A shard's row, for its own reports: a start, another address. Each is an entry of the log and of the audit log. */
export const REGISTRATIONS = { burst: 10, perSecond: 1 };
/**
 * Rows of one shard's reports: a leader looks at 30 000 in 0.1 s. A shard of 20 000 clusters reports every 3 s, and one of a
 * thousand as often as it likes.
 */
export const REPORTED_ROWS = { burst: 60_000, perSecond: 20_000 };
