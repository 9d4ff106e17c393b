// Waits for the next event of some keys.

import type { Watched } from "./watch.ts";
import type { WatchHub } from "./watch-hub.ts";

/**
 * Resolves when something that is watched has happened, or may have. Rejects with the reason of `gone`, or
 * if telling it has failed. To be called while there is a key space.
 */
export function nextEvent(hub: WatchHub, watched: Watched, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      hub.remove(watch);
      gone.removeEventListener("abort", cancelled);
      settle();
    };
    const cancelled = () => end(() => reject(gone.reason));
    const happened = () => end(resolve);
    const failed = (error: unknown) => end(() => reject(error));
    const watch = hub.add(watched, { isFullFor: () => false, events: happened, compacted: happened, failed });
    if (gone.aborted) cancelled();
    else gone.addEventListener("abort", cancelled, { once: true });
  });
}
