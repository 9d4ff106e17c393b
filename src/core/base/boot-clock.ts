// A monotonic clock that also counts while the machine sleeps, if the system has one (Linux: CLOCK_BOOTTIME).

import { uptime } from "node:os";
import type { MonotonicMs } from "./clock.ts";

export const bootClockMs = (): MonotonicMs => uptime() * 1_000;
