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

export const STORE: readonly Subject[] = [LEASE];
