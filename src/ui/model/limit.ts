// The lines below an incomplete list: --limit has cut it short, or shards have not reported yet.
import type { Line } from "./line.ts";
import { isWithoutReports, type MaybeStamped } from "./stamp-line.ts";
import { REBUILDING } from "./words.ts";

export function moreLine(): Line {
  return { text: "there are more: raise --limit, or narrow the list", mark: "unknown" };
}

/** The lines below a list without others of its own. */
export function limitLines({ more }: { readonly more: boolean }): Line[] {
  return more ? [moreLine()] : [];
}

/** The lines below a list of shards' reports. */
export function unheardLines(reply: MaybeStamped & { readonly observedComplete: boolean }): Line[] {
  if (reply.observedComplete) return [];
  const text = isWithoutReports(reply)
    ? "unknown: shards report to the leader only"
    : `the rest is ${REBUILDING}: the leader has not heard every shard yet, and there may be more`;
  return [{ text, mark: "unknown" }];
}
