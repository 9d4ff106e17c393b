// One node's stream of statuses. What must stay true: if a node hangs, its stream ends here, so that a
// dashboard shows it as down and not with old values.

import type { ClientReadableStream } from "@grpc/grpc-js";
import type { NodeStatus } from "../core/wire/gen/fleet/v1/coordinator.ts";

// A status comes twice a second.
const SILENCE_MS = 1_300;

/** Statuses until the stream ends, is silent for too long, or `signal` aborts. */
export async function* heardStatuses(
  open: () => ClientReadableStream<NodeStatus>,
  signal: AbortSignal,
): AsyncGenerator<NodeStatus> {
  if (signal.aborted) return;
  const call = open();
  let isCancelled = false;
  const cancel = () => {
    isCancelled = true;
    call.cancel();
  };
  signal.addEventListener("abort", cancel, { once: true });
  const statuses = call[Symbol.asyncIterator]();
  try {
    for (;;) {
      const watchdog = setTimeout(cancel, SILENCE_MS);
      const next = await statuses.next().finally(() => clearTimeout(watchdog));
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    if (!isCancelled) throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    call.cancel();
  }
}
