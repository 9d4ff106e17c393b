// Measured times of less than ten milliseconds, where a tenth counts. Longer ones: base/duration.ts.

import { formatDuration } from "../../core/base/duration.ts";

/** To a tenth of a millisecond: 0.4ms, 12.0ms. */
export const tenths = (ms: number): string => `${ms.toFixed(1)}ms`;

/** 4.2ms, then as a duration: 12ms, 1.2s. */
export const shortTime = (ms: number): string => (ms < 10 ? tenths(ms) : formatDuration(ms));
