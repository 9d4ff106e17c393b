// Flags of a plan in waves, and what they say of its strategy.
import { Flags } from "@oclif/core";
import { type LabelTest, parseSelector } from "../../core/base/label-selector.ts";
import {
  PRECONDITIONS,
  type Preconditions,
  STRATEGY,
  type Strategy,
  WAVE_MOVES_MAX,
} from "../../core/rebind/waves/wave-plan.ts";
import { COUNT_MAX, durationFlag } from "./fleet-flags.ts";
import { checkedSelector } from "./list-flags.ts";

const WAVES = "WAVES";
const CONDITIONS = "CONDITIONS";

const count = (min: number, summary: string) =>
  Flags.integer({ min, max: WAVE_MOVES_MAX, summary, helpGroup: WAVES });

export const waveFlags = {
  canary: count(0, "Clusters in the first wave (default: 1; 0 = as many as in the other waves)"),
  wave: count(1, "Clusters in a wave (default: 10)"),
  "max-unavailable": count(1, "Maximum number of clusters under way at a time (default: as --wave)"),
  pause: durationFlag({ summary: "Time to wait between two waves (default: 0s)", helpGroup: WAVES }),
  "wave-timeout": durationFlag({
    summary: "A wave that takes longer has failed (default: 2m)",
    helpGroup: WAVES,
  }),
  "on-failure": Flags.option({
    options: ["pause", "rollback"] as const,
    summary: "What to do after a failed step (default: pause)",
    helpGroup: WAVES,
  })(),
  "throttle-latency": durationFlag({
    summary: "Begin no step while the slowest commits take longer than this",
    helpGroup: WAVES,
  }),
  "throttle-lag": Flags.integer({
    min: 1,
    max: COUNT_MAX,
    summary: "Begin no step while a voter is more entries behind than this",
    helpGroup: WAVES,
  }),
  "quorum-margin": Flags.integer({
    min: 0,
    max: 100,
    summary: "Begin no wave unless this many more voters may fail (default: 1; 0 in a fleet of one)",
    helpGroup: CONDITIONS,
  }),
  "lag-max": Flags.integer({
    min: 0,
    max: COUNT_MAX,
    summary: "Begin no wave while a voter is more entries behind than this",
    helpGroup: CONDITIONS,
  }),
  quiet: durationFlag({
    summary: "Begin no wave until the leader has led this long (default: 5s)",
    helpGroup: CONDITIONS,
  }),
};

export interface WaveFlagValues {
  readonly canary: number | undefined;
  readonly wave: number | undefined;
  readonly "max-unavailable": number | undefined;
  readonly pause: number | undefined;
  readonly "wave-timeout": number | undefined;
  readonly "on-failure": "pause" | "rollback" | undefined;
  readonly "throttle-latency": number | undefined;
  readonly "throttle-lag": number | undefined;
  readonly "quorum-margin": number | undefined;
  readonly "lag-max": number | undefined;
  readonly quiet: number | undefined;
}

/** Whether one of them was given. */
export function hasWaveFlags(flags: WaveFlagValues): boolean {
  return Object.keys(waveFlags).some((name) => flags[name as keyof WaveFlagValues] !== undefined);
}

export function strategyOf(flags: WaveFlagValues): Strategy {
  const { wave = STRATEGY.wave, "throttle-latency": latency, "throttle-lag": lag } = flags;
  return {
    canary: flags.canary ?? STRATEGY.canary,
    wave,
    maxUnavailable: flags["max-unavailable"] ?? wave,
    pauseMs: flags.pause ?? STRATEGY.pauseMs,
    ...(latency === undefined ? {} : { throttleLatencyMs: Math.max(1, latency) }),
    ...(lag === undefined ? {} : { throttleLag: lag }),
    onFailure: flags["on-failure"] ?? STRATEGY.onFailure,
    waveTimeoutMs: Math.max(1, flags["wave-timeout"] ?? STRATEGY.waveTimeoutMs),
  };
}

/** `voters`: null = not known. */
export function preconditionsOf(flags: WaveFlagValues, voters: number | null): Omit<Preconditions, "rooms"> {
  const { "lag-max": lagMax } = flags;
  // A fleet of one voter was chosen as such: it can never lose one.
  const margin = voters === 1 ? 0 : PRECONDITIONS.quorumMargin;
  return {
    quorumMargin: flags["quorum-margin"] ?? margin,
    ...(lagMax === undefined ? {} : { lagMax }),
    quietMs: flags.quiet ?? PRECONDITIONS.quietMs,
  };
}

/** Throws USAGE for a text that is no selector. */
export function selectorOf(text: string | undefined): LabelTest | undefined {
  if (text === undefined) return undefined;
  return parseSelector(checkedSelector(text)) ?? undefined;
}

/** "s2,s3", once or several times. */
export function namesIn(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => text.split(",")).map((name) => name.trim()))].filter(
    (name) => name !== "",
  );
}
