// What decides whom a running process can vote for, and who can vote for it.

import { assert } from "../base/assert.ts";
import { FLEET_GROUP, type GroupId, type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { EntryId } from "../raft/raft-log.ts";
import type { Elector } from "./electable.ts";
import type { Process } from "./process.ts";

/** Null: the process has not opened the group. */
export function electorOf(id: NodeId, process: Process, group: GroupId = FLEET_GROUP): Elector | null {
  const { storage, services, isMarked, isWhole, groups } = process;
  const driver = group === FLEET_GROUP ? process.driver : groups.all.get(group)?.driver;
  if (driver === undefined) return null;
  const reader = storage.reader(group);
  const { config, commit } = driver.status();
  const entryAt = (index: LogIndex): EntryId => {
    const found = reader.term(index);
    assert(
      typeof found === "number",
      "a log keeps the term of its last entry, and of the last committed one",
    );
    return { index, term: found };
  };
  return {
    id,
    config,
    // What is not handed to storage yet does not count: without a leader that is nothing for long.
    commit: entryAt(logIndex(Math.min(commit, reader.lastIndex()))),
    last: entryAt(reader.lastIndex()),
    holds: (entry) => reader.term(entry.index) === entry.term,
    isAmnesiac: group === FLEET_GROUP ? isMarked && !isWhole : groups.isAmnesiac(group),
    refuses: (peer) => services.gate.refusal(peer) !== null,
  };
}
