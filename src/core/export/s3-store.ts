// Exported snapshots in an S3 bucket. An object appears as a whole when its upload is complete; no more
// atomicity is needed. Absent: multipart uploads (a fleet's state is a few megabytes) and credentials: the
// SDK finds them in the environment or the profile.

import type { S3Client } from "@aws-sdk/client-s3";
import { assert } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import type { S3Place } from "./place.ts";
import { isMissingObject, s3Error } from "./s3-error.ts";
import type { SnapshotStore, StoredObject } from "./snapshot-store.ts";

type Sdk = typeof import("@aws-sdk/client-s3");

/** Time limits of a request. */
interface Patience {
  readonly connectMs: number;
  /** Longest time without any byte sent or received. */
  readonly idleMs: number;
  /** From the start of the request to the end of its answer: long enough for a state over a slow line. */
  readonly requestMs: number;
}

const PATIENCE: Patience = { connectMs: 5_000, idleMs: 30_000, requestMs: 120_000 };
/** The SDK's own retries, with its own backoff: 503, timeouts and dropped connections. */
const ATTEMPTS = 3;

// The SDK's console warnings would appear between a log's lines. They are either errors here or advice to
// programmers. The SDK's own NoOpLogger is not enough: parts of the SDK replace it by the console.
const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

export class S3SnapshotStore implements SnapshotStore {
  readonly place: string;
  readonly #at: S3Place;
  readonly #sdk: Sdk;
  readonly #client: S3Client;

  private constructor(place: string, at: S3Place, sdk: Sdk, { connectMs, idleMs, requestMs }: Patience) {
    this.place = place;
    this.#at = at;
    this.#sdk = sdk;
    this.#client = new sdk.S3Client({
      ...(at.endpoint === null ? {} : { endpoint: at.endpoint }),
      // Servers other than AWS's need no region, but signed requests need one.
      ...(at.region === null ? (at.endpoint === null ? {} : { region: "us-east-1" }) : { region: at.region }),
      forcePathStyle: at.pathStyle,
      maxAttempts: ATTEMPTS,
      logger: SILENT,
      requestHandler: {
        ...{ connectionTimeout: connectMs, socketTimeout: idleMs, requestTimeout: requestMs },
        // Otherwise the SDK only warns, and the request lasts as long as its connection.
        throwOnRequestTimeout: true,
        logger: SILENT,
      },
      // Not every server knows newer checksums. Written bytes are read back and compared anyway.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  }

  /** The SDK is large, so it is loaded only when it is needed. */
  static async open(place: string, at: S3Place, patience = PATIENCE): Promise<S3SnapshotStore> {
    return new S3SnapshotStore(place, at, await import("@aws-sdk/client-s3"), patience);
  }

  async put(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const input = { ...this.#object(key), Body: bytes, ContentLength: bytes.length };
    await this.#orRefuse(() => this.#client.send(new this.#sdk.PutObjectCommand(input), ending(signal)));
  }

  get(key: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    return this.#orRefuse(async () => {
      try {
        const command = new this.#sdk.GetObjectCommand(this.#object(key));
        const { Body } = await this.#client.send(command, ending(signal));
        assert(Body !== undefined, "an object that was found has a body");
        return await Body.transformToByteArray();
      } catch (error) {
        if (isMissingObject(error)) return null;
        throw error;
      }
    });
  }

  async list(signal?: AbortSignal): Promise<readonly StoredObject[]> {
    const { bucket: Bucket, prefix: Prefix } = this.#at;
    const found: StoredObject[] = [];
    for (let token: string | undefined; ; ) {
      const page = { Bucket, Prefix, ...(token === undefined ? {} : { ContinuationToken: token }) };
      const command = new this.#sdk.ListObjectsV2Command(page);
      const answer = await this.#orRefuse(() => this.#client.send(command, ending(signal)));
      for (const { Key = "", Size = 0, LastModified } of answer.Contents ?? []) {
        const modifiedMs = LastModified?.getTime() ?? systemClock.wallMs();
        found.push({ key: Key.slice(Prefix.length), bytes: Size, modifiedMs });
      }
      token = answer.NextContinuationToken;
      if (token === undefined) return found;
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const command = new this.#sdk.DeleteObjectCommand(this.#object(key));
    await this.#orRefuse(() => this.#client.send(command, ending(signal)));
  }

  #object(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#at.bucket, Key: this.#at.prefix + key };
  }

  async #orRefuse<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw s3Error(this.place, this.#at, error);
    }
  }
}

const ending = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });
