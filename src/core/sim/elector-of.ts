// What decides whom a running process can vote for, and who can vote for it.

import { assert } from "../base/assert.ts";
import { FLEET_GROUP, type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { EntryId } from "../raft/raft-log.ts";
import type { Elector } from "./electable.ts";
import type { Process } from "./process.ts";

export function electorOf(id: NodeId, process: Process): Elector {
  const { storage, driver, services, isMarked, isWhole } = process;
  const reader = storage.reader(FLEET_GROUP);
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
    isAmnesiac: isMarked && !isWhole,
    refuses: (peer) => services.gate.refusal(peer) !== null,
  };
}
