// What the columns about keys, leases and etcd's members mean.
import type { Subject } from "./subject.ts";

const LEASE: Subject = {
  name: "lease",
  is: "A lease of a store with etcd's API: its keys are deleted when it ends.",
  shownBy: ["lease list"],
  columns: {
    id: "Its id, in hexadecimal.",
    ttl: "How long it still lasts without a keep-alive.",
    granted: "How long it lasts after each keep-alive.",
    keys: "How many keys it would delete.",
  },
};

const ETCD_NODE: Subject = {
  name: "etcd-node",
  is: "A node of a plain etcd cluster, as it answers now.",
  shownBy: ["status"],
  columns: {
    name: "The member's name.",
    state: {
      is: "Whether it answers.",
      values: {
        up: "It answers.",
        down: "It does not answer in time.",
        "not-asked": "None of the endpoints is this member's.",
      },
    },
    role: "What it is in its own view.",
    term: "Its Raft term.",
    index: "The last index of its log.",
    applied: "The last index that it has applied.",
    db: "Size of its database file.",
    version: "Version of the server.",
    endpoint: "The address that was asked.",
    id: "The member's id, in hexadecimal.",
    problem: "Why it does not answer, or what it says is wrong, such as an alarm.",
  },
};

const ETCD_MEMBER: Subject = {
  name: "etcd-member",
  is: "A member of a plain etcd cluster.",
  shownBy: ["member list"],
  columns: {
    name: "Its name; a member that was added and never started has none.",
    id: "Its id, in hexadecimal.",
    role: "A voter, or a learner that does not vote.",
    clients: "Where it serves clients.",
    peers: "Where it serves the other members.",
  },
};

export const STORE: readonly Subject[] = [LEASE, ETCD_NODE, ETCD_MEMBER];
