// Shards whose reports grow older while no newer answer comes.

import type { ShardView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { TopState } from "./state.ts";

const STEP_MS = 1_000;
const NONE: readonly ShardView[] = [];
const aged = new WeakMap<object, { readonly bySeconds: number; readonly shards: readonly ShardView[] }>();

/** The same array within a second. */
export function agedShards({ lists, nowMs }: TopState): readonly ShardView[] {
  const heard = lists.shards;
  if (heard === undefined) return NONE;
  const bySeconds = Math.floor(Math.max(0, nowMs - heard.atMs) / STEP_MS);
  const known = aged.get(heard);
  if (known?.bySeconds === bySeconds) return known.shards;
  const shards = heard.value.shards.map((view): ShardView => {
    const { observed } = view;
    return observed === undefined
      ? view
      : { ...view, observed: { ...observed, ageMs: observed.ageMs + bySeconds * STEP_MS } };
  });
  aged.set(heard, { bySeconds, shards });
  return shards;
}
