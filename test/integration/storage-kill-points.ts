// Every point of the storage's work at which a node is killed, by what it is doing there. fault-preload.ts gives the
// operations their names; what is not in this table and yet happens in the workload fails kill-points.test.ts.

export interface KillPoint {
  readonly of: string;
  readonly kill: string;
  readonly since?: readonly string[];
  /** Where an earlier life was killed, for points of the recovery from that. */
  readonly earlier?: string;
}

/** The steps of making a file that is whole or not there: content, sync, rename, sync of its folder. */
function wholeFile(of: string, file: string, folder: string, since: readonly string[] = []): KillPoint[] {
  const steps = [
    `before fill ${file}.tmp`,
    `midway fill ${file}.tmp`,
    `after fill ${file}.tmp`,
    `after sync ${file}.tmp`,
    `after rename ${file}`,
  ];
  return [
    ...steps.map((kill) => ({ of, kill, since })),
    { of, kill: `after sync ${folder}`, since: [...since, `after rename ${file}`] },
  ];
}

/** The steps of appending a frame: before and in its write, unsynced, synced but not acknowledged. */
function frame(of: string, name: string, rest: Pick<KillPoint, "since" | "earlier"> = {}): KillPoint[] {
  const steps = [`before write ${name}`, `midway write ${name}`, `after write ${name}`, `after sync ${name}`];
  return steps.map((kill) => ({ of, kill, ...rest }));
}

function around(of: string, operation: string, rest: Pick<KillPoint, "since" | "earlier"> = {}): KillPoint[] {
  return [
    { of, kill: `before ${operation}`, ...rest },
    { of, kill: `after ${operation}`, ...rest },
  ];
}

const MADE = "after rename meta.json";
const OWN_SNAPSHOT = "after sync frame:mark";

export const STORAGE_KILL_POINTS: readonly KillPoint[] = [
  ...around("lock", "fill lock.tmp"),
  ...around("lock", "link lock"),
  ...around("lock", "remove lock.tmp"),
  ...wholeFile("creation: first segment", "segment", "wal/"),
  ...wholeFile("creation: identity", "meta.json", "data/"),
  ...frame("append: entry", "frame:entry"),
  ...frame("append: vote and term", "frame:vote"),
  ...frame("append: replaced suffix and commit", "frame:hard-state", { since: ["after sync frame:entry"] }),
  ...wholeFile("next segment", "segment", "wal/", [MADE]),
  ...frame("next segment", "frame:first", { since: ["after sync frame:first"] }),
  ...wholeFile("snapshot", "snapshot", "snap/"),
  ...frame("snapshot: mark", "frame:mark"),
  ...frame("snapshot: commit index that rides with the mark", "frame:hard-state", {
    since: ["after rename snapshot"],
  }),
  ...wholeFile("install", "snapshot", "snap/", [OWN_SNAPSHOT]),
  ...frame("install: mark and hard state", "frame:received-mark"),
  ...around("compaction: old snapshot", "remove snapshot"),
  ...around("compaction: segment", "remove segment"),
  { of: "compaction: segment", kill: "after sync wal/", since: ["after remove segment"] },
  ...around("close", "remove lock"),
  ...around("recovery: stale lock", "link lock.tmp", { earlier: "after sync frame:entry" }),
  ...around("recovery: stale lock", "remove lock", { earlier: "after sync frame:entry" }),
  ...around("recovery: torn tail", "write zeros", { earlier: "midway write frame:entry" }),
  { of: "recovery: torn tail", kill: "midway write zeros", earlier: "midway write frame:entry" },
  { of: "recovery: torn tail", kill: "after sync zeros", earlier: "midway write frame:entry" },
  ...frame("recovery: newest frame again", "frame", { earlier: "after write frame:received-mark" }),
  ...around("recovery: leftover", "remove snapshot.tmp", { earlier: "midway fill snapshot.tmp" }),
  ...around("recovery: unmarked snapshot", "remove snapshot", { earlier: "after rename snapshot" }),
];
