// The numbers of a write that belongs to no session: of a client that sends it once, of a leader or a recovery of its own.

/** How a write without a session is numbered: each time it is sent, it is another write. */
export const OUTSIDE_SESSIONS = { sessionId: 0, sequence: 0, firstOutstanding: 0 } as const;
