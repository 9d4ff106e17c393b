// Timings of the two network profiles, in ticks of one clock (design, "Timings").

export interface TimingProfile {
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  /** The election timeout is drawn from [electionTicks, 2 * electionTicks - 1]. */
  readonly electionTicks: number;
  /** The delay between one survivor's campaign and the next's when the leader's stream has closed. */
  readonly staggerMs: number;
}

export const PROFILES = {
  // Heartbeat 50 ms, election 300 to 550 ms.
  lan: { tickMs: 50, heartbeatTicks: 1, electionTicks: 6, staggerMs: 60 },
  // Heartbeat 500 ms, election 2.5 to 4.5 s: below Tanvrit's limit of 5 s.
  wan: { tickMs: 500, heartbeatTicks: 1, electionTicks: 5, staggerMs: 400 },
} as const satisfies Record<string, TimingProfile>;

/**
 * The clocks of groups besides the fleet's own. The host notices for all of them that a leader's process is gone or
 * hangs (host.ts). Their own clocks are only the fallback, and slow. Otherwise a thousand awake groups would flood a
 * busy process with heartbeats, and then with elections caused by them (ADR-0008).
 */
export const GROUP_CLOCKS = {
  // Heartbeat 200 ms, election 2 to 4 s.
  lan: { heartbeatTicks: 4, electionTicks: 40 },
  // Heartbeat 1 s, election 5 to 9.5 s.
  wan: { heartbeatTicks: 2, electionTicks: 10 },
} as const satisfies Record<keyof typeof PROFILES, Pick<TimingProfile, "heartbeatTicks" | "electionTicks">>;

export type ProfileName = keyof typeof PROFILES;
