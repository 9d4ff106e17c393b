// What the columns about coordinator nodes mean.
import type { Subject } from "./subject.ts";

const NODE: Subject = {
  name: "node",
  is: "A coordinator: one replica of the fleet's state.",
  shownBy: ["status", "top"],
  columns: {
    name: "The node's name.",
    state: {
      is: "Whether the node works. The worst problem is shown.",
      values: {
        up: "It answers and knows a leader.",
        down: "It did not answer in time.",
        "no status": "It answers, but not with its status.",
        "no leader": "It answers and knows no leader: it cannot write.",
        "slow disk": "Its syncs take long; a leader with such a disk hands leadership over.",
        "disk full": "Its disk has too little room, so it stores no more entries.",
        "waiting for admission": "It is new or lost its disk, and no leader has admitted it yet.",
        rejoining: "It lost its disk and receives the state again, as a learner.",
        disputed: "Its state differs from another replica's, and no majority has decided which is right.",
        diverged: "Its state differs from the majority's: it serves no reads and does not lead.",
      },
    },
    role: {
      is: "Its part in the present term.",
      values: {
        leader: "It takes writes and replicates them.",
        follower: "It follows a leader, or waits for one.",
        candidate: "It asks for votes to become leader.",
        "pre-candidate": "It asks whether it would be elected, before it begins a term.",
      },
    },
    term: "Number of the latest election that it knows. Each term has at most one leader.",
    commit: "Highest log index that it knows to be stored by a quorum.",
    applied: "Highest log index that its tables contain.",
    lag: "Entries that it is behind the leader's commit index.",
    "lag-time": "How long the oldest entry that this follower lacks has been in the leader's log.",
    log: "How the leader sends it the log: replicate (normal), probe (one message at a time) or snapshot (the needed entries are compacted).",
    flight: "Messages that the leader has sent to it and that are not acknowledged.",
    hash: "Digest of its tables at an index that all nodes have. All must show the same.",
    rtt: "Time that its answer took.",
    version: "Its build.",
    knows: "Highest version of the replicated format that its build knows.",
    id: "Its number in the Raft group. It never changes.",
    address: "Its gRPC port, as host:port.",
    metrics: "Where its Prometheus metrics are, as host:port.",
    etcd: "Where it serves etcd's API, as host:port.",
    first: "First entry that its log still has.",
    last: "Last entry of its log.",
    snapshot: "Last entry that its newest snapshot contains.",
    sync: "99th percentile of the disk's sync times in the last minute, or the present sync if it takes longer.",
    free: "Free space of the file system that holds its data folder, and its share of the whole. n/a: its build is too old to report it.",
    certificate: "Days until its certificate expires.",
    memory: "Resident memory of its process.",
    uptime: "Time since its process started.",
    error: "Why it did not answer.",
  },
};

const MEMBER: Subject = {
  name: "member",
  is: "A node as the fleet's table of members has it.",
  shownBy: ["member list"],
  columns: {
    name: "The node's name.",
    id: "Its number in the Raft group. It is never used again.",
    wanted: {
      is: "What operators asked for.",
      values: {
        voter: "It is to count for elections and commits.",
        learner: "It is to receive the log without a vote.",
        removed: "It is to leave.",
      },
    },
    role: {
      is: "Its present part in the Raft group.",
      values: {
        leader: "It leads.",
        voter: "It counts for the quorum.",
        learner: "It receives the log and does not vote.",
        none: "It is not in the group.",
      },
    },
    answers: "Whether the leader hears it.",
    lag: "Entries that it is behind the leader.",
    build: "Its build, as it announced it.",
    knows: "Highest version of the replicated format that its build knows.",
    address: "Where other nodes reach it, as host:port.",
    since: "When its row last changed.",
    version: "Version of its row, for compare-and-set.",
  },
};

const GROUP: Subject = {
  name: "group",
  is: "The Raft groups of a node, as the groups view of the dashboard counts them.",
  shownBy: ["top"],
  columns: {
    node: "The node's name.",
    hosted: "Groups of which it has a replica.",
    led: "Groups that it leads.",
    quiescent: "Groups without work: they send no heartbeats.",
    leaderless: "Groups of which it knows no leader.",
    keys: "Keys of etcd's API, as this node has them.",
    revision: "The newest revision of the keys that this node has.",
    leases: "Leases of etcd's API.",
    messages: "Messages of all groups to other nodes since its process started.",
    frames: "Frames that carried them: one frame batches messages of many groups.",
  },
};

const NODE_SNAPSHOT: Subject = {
  name: "node-snapshot",
  is: "A node's log and newest snapshot, as the snapshots view of the dashboard shows them.",
  shownBy: ["top"],
  columns: {
    node: "The node's name.",
    snapshot: "Last entry that its newest snapshot contains.",
    size: "Size of that snapshot.",
    first: "First entry that its log still has.",
    last: "Last entry of its log.",
    log: "Size of its log.",
    export: "Where it exports snapshots while it leads.",
    exported: "Its newest export, or why the last one failed.",
  },
};

const KEY: Subject = {
  name: "key",
  is: "How a node's data folder is encrypted.",
  shownBy: ["key status", "key rotate"],
  columns: {
    node: "The node's name.",
    state: {
      is: "Whether its files are encrypted with the newest keys.",
      values: {
        encrypted: "All of its log and snapshots are.",
        replacing: "Some files still have an earlier key, or none. They disappear as the log is compacted.",
        plain: "It encrypts nothing.",
        unknown: "It did not answer.",
      },
    },
    "operator-key": "Fingerprint of the operator's key that encrypts its data keys.",
    "data-key": "The data key that encrypts new files.",
    since: "When that data key was made.",
    "old-keys": "Earlier data keys that some file still needs.",
    "plain-files": "Files that are not encrypted.",
    "audit-files": "Number of exported audit files for each operator's key that opens them.",
    error: "Why it did not answer.",
  },
};

const RECOVERY: Subject = {
  name: "recovery",
  is: "The copy of the state on a stopped node's disk.",
  shownBy: ["recover"],
  columns: {
    name: "The node's name.",
    id: "Its number in the Raft group.",
    copy: {
      is: "Whether its copy can be read.",
      values: {
        whole: "Every checksum is right.",
        running: "The node runs: a running node is not read.",
        "half-recovered": "A recovery from this copy was interrupted. The same command finishes it.",
        missing: "There is no data folder.",
        damaged: "A file is damaged.",
      },
    },
    role: "Its part in the Raft group by its own configuration.",
    "last-term": "Term of its last entry. The copy with the highest term is the furthest.",
    last: "Its last entry. Among copies of the same term the longest log is the furthest.",
    commit: "Highest index that it knew to be committed.",
    snapshot: "Last entry that its newest snapshot contains.",
    furthest: "Whether it is the copy to recover from.",
    term: "The latest term that it knew.",
    data: "Its data folder.",
  },
};

const VERIFY: Subject = {
  name: "verify",
  is: "A file of a stopped node's data folder.",
  shownBy: ["verify"],
  columns: {
    file: "Its name.",
    state: {
      is: "What the checksums say.",
      values: {
        ok: "It is whole.",
        torn: "Its last record was cut by a crash. The node drops that record when it starts.",
        leftover: "It belongs to nothing: a crash left it. The node removes it when it starts.",
        damaged: "A record before the end is damaged. The node refuses to start.",
      },
    },
    offset: "Position of the first damaged byte.",
    found: "What was found there.",
    next: "What to do about it.",
  },
};

export const NODES: readonly Subject[] = [NODE, MEMBER, GROUP, NODE_SNAPSHOT, KEY, RECOVERY, VERIFY];
