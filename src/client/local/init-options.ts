// The options of `fleet init`.

import type { KeySource } from "../../core/seal/key-source.ts";
import type { EngineEntry, Profile } from "../files/fleet-file.ts";

export interface InitOptions {
  /** The fleet's folder, or one that has it as .fleet. */
  readonly directory: string;
  // The properties of a new fleet. Absent means the default, and is not compared with an existing fleet.
  readonly name?: string | undefined;
  readonly nodes?: 1 | 3 | 5 | undefined;
  readonly shards?: number | undefined;
  readonly clusters?: number | undefined;
  readonly profile?: Profile | undefined;
  /** A full path, or s3://bucket/prefix. */
  readonly snapshotTo?: string | undefined;
  /** The text of a valid machines file: each shard of a new fleet starts with it. */
  readonly machines?: string | undefined;
  /** Encrypts the coordinators' data folders. */
  readonly encryption?: KeySource | undefined;
  /** Each kind of identity has an authority of its own (ADR-0027). */
  readonly separateAuthorities?: boolean | undefined;
  /** All coordinators run in one process (ADR-0075). */
  readonly inProcess?: boolean | undefined;
  /** The etcd cluster that replicates the log; its prefix is the fleet's name by default. */
  readonly engine?: EngineEntry | undefined;
}
