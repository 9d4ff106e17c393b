// Reigns in words: which node led, and why its reign ended.

import { ReignEnd } from "../../../core/wire/gen/fleet/v1/views.ts";
import { joinReigns, type SeenReign } from "./reigns.ts";
import type { TopState } from "./state.ts";

const WORDS = {
  [ReignEnd.UNSPECIFIED]: "it ended",
  [ReignEnd.HANDED_OVER]: "it handed over",
  [ReignEnd.DISCONNECTED]: "its connection closed",
  [ReignEnd.SILENT]: "its heartbeats stopped",
  [ReignEnd.QUORUM_LOST]: "it heard no quorum",
  [ReignEnd.SUPERSEDED]: "a newer term began",
  [ReignEnd.UNRECOGNIZED]: "it ended",
} as const satisfies Record<ReignEnd, string>;
const BY_NUMBER: Readonly<Record<number, string>> = WORDS;

export const reignEndWords = (why: number): string => BY_NUMBER[why] ?? "it ended";

export interface NamedReign extends SeenReign {
  readonly name: string;
}

/** Joined once for each answer: events, the overview and an open node ask for the same. */
const joined = new WeakMap<TopState["nodes"], readonly NamedReign[]>();

/** Oldest first. */
export function reignsOf({ nodes }: Pick<TopState, "nodes">): readonly NamedReign[] {
  const known = joined.get(nodes);
  if (known !== undefined) return known;
  const witnesses = nodes.flatMap(({ reply, lastGood }) =>
    lastGood === null
      ? []
      : [{ status: lastGood.value, atMs: lastGood.atMs, answers: reply.status !== null }],
  );
  const reigns = joinReigns(witnesses).map((reign) => ({
    ...reign,
    name: nodeName({ nodes }, reign.leaderId),
  }));
  joined.set(nodes, reigns);
  return reigns;
}

export function nodeName({ nodes }: Pick<TopState, "nodes">, id: number): string {
  const known = nodes.find(({ reply, lastGood }) => (reply.nodeId ?? lastGood?.value.nodeId) === id);
  const members = nodes.flatMap(({ lastGood }) => lastGood?.value.members ?? []);
  return known?.reply.name ?? members.find((member) => member.nodeId === id)?.name ?? `node ${id}`;
}
