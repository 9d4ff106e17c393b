// What the disk storage reports to its host beside results: events that belong in the operator's log. Data
// only.

import type { GroupId, LogIndex } from "../base/ids.ts";

export type StorageReport =
  | { readonly kind: "torn-tail-cut"; readonly file: string; readonly offset: number; readonly claim: string }
  | { readonly kind: "leftover-removed"; readonly file: string }
  | { readonly kind: "stale-lock-removed"; readonly file: string; readonly pid: number }
  | { readonly kind: "segment-not-prepared"; readonly file: string; readonly cause: unknown }
  /** Nothing that depends on `file` is acknowledged until the file is made. */
  | { readonly kind: "disk-full"; readonly file: string; readonly cause: unknown }
  | { readonly kind: "disk-has-space"; readonly file: string }
  /** A new one is made in its place. */
  | {
      readonly kind: "snapshot-lost";
      readonly group: GroupId;
      readonly index: LogIndex;
      readonly cause: unknown;
    }
  | { readonly kind: "cleanup-failed"; readonly directory: string; readonly cause: unknown };

export type OnReport = (report: StorageReport) => void;
