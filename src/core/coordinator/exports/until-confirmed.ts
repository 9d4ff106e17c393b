// No copy may leave the fleet while the other replicas might still find the state wrong (ADR-0017).

import { status } from "@grpc/grpc-js";
import type { Clock } from "../../base/clock.ts";
import type { LogIndex } from "../../base/ids.ts";
import { rpcError } from "../../wire/rpc-error.ts";

// Voters that do not answer are waited for at most this long.
const CONFIRMED_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;
const RETRY_AFTER_MS = 2_000;

export interface Confirmed {
  /** Whether this replica's state at the index may be stored; if not yet, ask again. */
  readonly mayKeep: (index: LogIndex) => boolean;
  /** Throws while this replica's state is not trusted. */
  readonly assertTrusted: () => void;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly sleep: (ms: number) => Promise<unknown>;
}

export async function untilConfirmed(
  { mayKeep, assertTrusted, clock, sleep }: Confirmed,
  index: LogIndex,
): Promise<void> {
  const endMs = clock.monotonicMs() + CONFIRMED_WITHIN_MS;
  while (!mayKeep(index)) {
    assertTrusted();
    if (clock.monotonicMs() >= endMs) {
      const message = `no majority of the replicas has confirmed the state at index ${index} yet; nothing was exported`;
      throw rpcError(
        status.UNAVAILABLE,
        "STATE_UNCONFIRMED",
        message,
        { index: String(index) },
        RETRY_AFTER_MS,
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}
