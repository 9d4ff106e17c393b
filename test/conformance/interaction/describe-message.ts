// How scripts print messages and Readys. The formats are those of etcd-io/raft.

import type { NodeId } from "../../../src/core/base/ids.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Entry,
  type Message,
  NO_NODE,
} from "../../../src/core/raft/message.ts";
import type { ReadState } from "../../../src/core/raft/read-only.ts";
import type { Ready } from "../../../src/core/raft/ready.ts";
import { describeEntry, describeHardState, describeSnapshot, describeSoftState } from "./describe-entry.ts";

/** One line, or several if the message holds several entries, a snapshot or responses; no final line end. */
export function describeMessage(message: Message): string {
  return messageLines(message).join("\n");
}

function messageLines(message: Message): string[] {
  const lines = [headline(message)];
  const append = (text: string) => {
    lines[lines.length - 1] += text;
  };
  const [first, ...others] = message.entries;
  if (first !== undefined && others.length === 0) append(` Entries:[${describeEntry(first)}]`);
  if (others.length > 0) {
    append(" Entries:[");
    lines.push(...message.entries.map((entry) => `  ${describeEntry(entry)}`), "]");
  }
  const { snapshot } = message;
  if (snapshot !== null && snapshot.index > 0) lines.push(`  Snapshot: ${describeSnapshot(snapshot)}`);
  if (message.responses.length > 0) {
    append(" Responses:[");
    lines.push(...message.responses.flatMap(messageLines).map((line) => `  ${line}`), "]");
  }
  return lines;
}

function headline(message: Message): string {
  const { from, to, type, term, logTerm, index, reject, rejectHint, commit, vote } = message;
  let text = `${describeTarget(from)}->${describeTarget(to)} ${type} Term:${term} Log:${logTerm}/${index}`;
  if (reject) text += ` Rejected (Hint: ${rejectHint})`;
  if (commit !== 0) text += ` Commit:${commit}`;
  if (vote !== 0) text += ` Vote:${vote}`;
  return text;
}

function describeTarget(id: NodeId): string {
  if (id === NO_NODE) return "None";
  if (id === APPEND_THREAD) return "AppendThread";
  return id === APPLY_THREAD ? "ApplyThread" : id.toString(16);
}

export function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${describeEntry(entry)}\n`).join("");
}

export function describeReady(ready: Ready): string {
  const { softState, hardState, readStates, entries, snapshot, committedEntries, messages } = ready;
  let text = "";
  if (softState !== null) text += `${describeSoftState(softState)}\n`;
  if (hardState !== null) text += `HardState ${describeHardState(hardState)}\n`;
  if (readStates.length > 0) text += `ReadStates [${readStates.map(describeReadState).join(" ")}]\n`;
  if (entries.length > 0) text += `Entries:\n${describeEntries(entries)}`;
  if (snapshot !== null) text += `Snapshot ${describeSnapshot(snapshot)}\n`;
  if (committedEntries.length > 0) text += `CommittedEntries:\n${describeEntries(committedEntries)}`;
  if (messages.length > 0)
    text += `Messages:\n${messages.map((message) => `${describeMessage(message)}\n`).join("")}`;
  return text === "" ? "<empty Ready>" : `Ready MustSync=${ready.mustSync}:\n${text}`;
}

function describeReadState({ index, context }: ReadState): string {
  return `{${index} [${context.join(" ")}]}`;
}
