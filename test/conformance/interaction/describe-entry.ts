// How scripts print entries, snapshots and small parts. The formats are those of etcd-io/raft.

import { decodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import type { Role } from "../../../src/core/raft/core.ts";
import type { ConfState, Entry, HardState, Snapshot } from "../../../src/core/raft/message.ts";
import type { SoftState } from "../../../src/core/raft/ready.ts";
import { describeOperations } from "../operations.ts";

const ROLES: Readonly<Record<Role, string>> = {
  follower: "StateFollower",
  "pre-candidate": "StatePreCandidate",
  candidate: "StateCandidate",
  leader: "StateLeader",
};

export function describeRole(role: Role): string {
  return ROLES[role];
}

export function describeSoftState({ leader, role }: SoftState): string {
  return `Lead:${leader} State:${describeRole(role)}`;
}

export function describeHardState({ term, vote, commit }: HardState): string {
  return `Term:${term}${vote === 0 ? "" : ` Vote:${vote}`} Commit:${commit}`;
}

export function describeEntry(entry: Entry): string {
  const payload = describePayload(entry);
  return `${entry.term}/${entry.index} ${describeType(entry)}${payload === "" ? "" : ` ${payload}`}`;
}

function describeType({ type }: Entry): string {
  switch (type) {
    case "normal":
      return "EntryNormal";
    case "conf-change":
      return "EntryConfChange";
    case "conf-change-v2":
      return "EntryConfChangeV2";
  }
}

function describePayload(entry: Entry): string {
  if (entry.type === "normal") return quote(entry.data);
  return describeOperations(decodeConfChange(entry.data).changes);
}

export function describeSnapshot({ index, term, confState }: Snapshot): string {
  return `Index:${index} Term:${term} ConfState:${describeConfState(confState)}`;
}

function describeConfState(state: ConfState): string {
  const lists = [
    `Voters:[${state.voters.join(" ")}]`,
    `VotersOutgoing:[${state.votersOutgoing.join(" ")}]`,
    `Learners:[${state.learners.join(" ")}]`,
    `LearnersNext:[${state.learnersNext.join(" ")}]`,
  ];
  return `${lists.join(" ")} AutoLeave:${state.autoLeave}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\b": "\\b",
  "\f": "\\f",
  "\v": "\\v",
  "\u0007": "\\a",
};

/** As Go's %q prints a string. Bytes that are not UTF-8 are escaped one by one. */
function quote(data: Uint8Array): string {
  return `"${[...decode(data)].map(escapeLetter).join("")}"`;
}

function decode(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return Array.from(data, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${hex(byte, 2)}`)).join(
      "",
    );
  }
}

function escapeLetter(letter: string): string {
  const known = ESCAPES[letter];
  if (known !== undefined) return known;
  const code = letter.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  if (letter === " " || !/[\p{C}\p{Z}]/u.test(letter)) return letter;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
