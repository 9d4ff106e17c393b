// The names of the kinds of groups: in the audit log, in data folders, exports and answers.

import { GroupKind } from "../wire/gen/fleet/v1/command.ts";

const KINDS = { tally: GroupKind.TALLY, keys: GroupKind.KEYS } as const;

export type GroupKindName = keyof typeof KINDS;

/** "unknown" for a kind that this build does not know. */
export function groupKindName(kind: GroupKind): GroupKindName | "unknown" {
  const [name] = Object.entries(KINDS).find(([, known]) => known === kind) ?? [];
  return name !== undefined && isGroupKindName(name) ? name : "unknown";
}

/** UNSPECIFIED for a name that this build does not know. */
export const groupKindOf = (name: string): GroupKind =>
  isGroupKindName(name) ? KINDS[name] : GroupKind.UNSPECIFIED;

const isGroupKindName = (text: string): text is GroupKindName => Object.hasOwn(KINDS, text);
