// What `fleet init` was asked for.

import type { KeySource } from "../../core/seal/key-source.ts";
import type { Profile } from "../files/fleet-file.ts";

export interface InitOptions {
  /** The fleet's folder, or one that has it as .fleet. */
  readonly directory: string;
  // What a new fleet shall be; absent is the default, and says nothing of a fleet that is there.
  readonly name?: string | undefined;
  readonly nodes?: 1 | 3 | 5 | undefined;
  readonly shards?: number | undefined;
  readonly clusters?: number | undefined;
  readonly profile?: Profile | undefined;
  /** A full path, or s3://bucket/prefix. */
  readonly snapshotTo?: string | undefined;
  /** The text of a machines file that can be used: each shard of a new fleet begins with it. */
  readonly machines?: string | undefined;
  /** What encrypts the coordinators' data folders. */
  readonly encryption?: KeySource | undefined;
  /** Each kind of identity has an authority of its own (ADR-0027). */
  readonly separateAuthorities?: boolean | undefined;
}
