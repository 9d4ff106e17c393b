// How much work a shard may cause at a leader, in tokens (base/pace.ts).

/**
 * Changes of a shard's row by its own reports: a start, another address. Each is an entry of the log and of
 * the audit log.
 */
export const REGISTRATIONS = { burst: 10, perSecond: 1 };
/**
 * Rows of one shard's reports: a leader reads 30 000 in 0.1 s. A shard of 20 000 clusters reports every 3 s,
 * and one of a thousand may report at any rate.
 */
export const REPORTED_ROWS = { burst: 60_000, perSecond: 20_000 };
