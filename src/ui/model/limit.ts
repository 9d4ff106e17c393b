// What is said below a list that is not all there is: --limit has cut it short, or shards have not reported yet.
import type { Line } from "./line.ts";
import { isWithoutReports, type MaybeStamped } from "./stamp-line.ts";
import { REBUILDING } from "./words.ts";

export function moreLine(): Line {
  return { text: "there are more: raise --limit, or narrow the list", mark: "unknown" };
}

/** The lines below a list of which nothing else is to be said. */
export function limitLines({ more }: { readonly more: boolean }): Line[] {
  return more ? [moreLine()] : [];
}

/** The lines below a list of what shards report. */
export function unheardLines(reply: MaybeStamped & { readonly observedComplete: boolean }): Line[] {
  if (reply.observedComplete) return [];
  const text = isWithoutReports(reply)
    ? "unknown: shards report to the leader only"
    : `the rest is ${REBUILDING}: the leader has not heard every shard yet, and there may be more`;
  return [{ text, mark: "unknown" }];
}
