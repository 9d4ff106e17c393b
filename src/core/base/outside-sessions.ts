// The numbers of a write that belongs to no session. A client that sends a write once uses them, and a leader or a
// recovery for its own writes.

/** How a write without a session is numbered: each time it is sent, it is another write. */
export const OUTSIDE_SESSIONS = { sessionId: 0, sequence: 0, firstOutstanding: 0 } as const;
