// A snapshot of an etcd cluster in a file, as etcdutl restores it. What must stay true: the file appears under its name
// only when it is whole: etcd sends a SHA-256 of the database behind it.

import { createHash } from "node:crypto";
import { link, open, rm } from "node:fs/promises";
import { systemClock, wallTimeOf } from "../../core/base/clock.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { leaderRequired } from "../../core/wire/etcd/etcd-channel.ts";
import { SnapshotRequest, type SnapshotResponse } from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { readRpcError } from "../../core/wire/rpc-error.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { answeredError, noAnswer, verdictOf } from "./etcd-errors.ts";

const CHECKSUM_BYTES = 32;

export interface SavedSnapshot {
  readonly file: string;
  readonly endpoint: string;
  readonly bytes: number;
  /** Of the database, without the checksum. */
  readonly sha256: string;
}

/** Throws SNAPSHOT_BROKEN, FILE_EXISTS and the cluster's failures; then it leaves no file. */
export async function saveEtcdSnapshot(
  client: EtcdClient,
  file: string,
  timeoutMs: number,
): Promise<SavedSnapshot> {
  const node = await client.connectedNode();
  if (node === null)
    throw noAnswer(null, "read", false, client.nodes.map(({ address }) => address).join(", "));
  const part = `${file}.part`;
  const handle = await open(part, "w", 0o600);
  try {
    const deadline = wallTimeOf(systemClock.monotonicMs() + timeoutMs);
    const stream = node.maintenance.snapshot(SnapshotRequest.fromPartial({}), leaderRequired(), { deadline });
    const hash = createHash("sha256");
    let bytes = 0;
    let tail = Buffer.alloc(0);
    try {
      for await (const { blob } of stream as AsyncIterable<SnapshotResponse>) {
        await handle.write(blob);
        const all = Buffer.concat([tail, blob]);
        const cut = Math.max(0, all.length - CHECKSUM_BYTES);
        hash.update(all.subarray(0, cut));
        tail = all.subarray(cut);
        bytes += blob.length;
      }
    } catch (error) {
      const failure = readRpcError(error);
      if (isErrno(error, "ENOSPC", "EIO", "EDQUOT")) throw error;
      throw verdictOf(failure, "read") === "final"
        ? answeredError(failure, node.address, error)
        : noAnswer(error, "read", false, node.address);
    }
    const sha256 = hash.digest();
    if (!sha256.equals(tail)) throw broken(node.address);
    await handle.sync();
    // Unlike a rename this never replaces a file.
    await link(part, file).catch((error: unknown) => {
      throw isErrno(error, "EEXIST") ? exists(file) : error;
    });
    return { file, endpoint: node.address, bytes, sha256: sha256.toString("hex") };
  } finally {
    await handle.close();
    await rm(part, { force: true });
  }
}

function broken(endpoint: string): OperatorError {
  return new OperatorError("SNAPSHOT_BROKEN", {
    what: "the snapshot's checksum does not match: it was cut or changed on its way",
    next: "run the same command again",
    endpoint,
    exit: Exit.Failure,
  });
}

function exists(file: string): OperatorError {
  return new OperatorError("FILE_EXISTS", {
    what: `${file} exists already`,
    next: "choose another name; a snapshot never replaces a file",
    exit: Exit.Precondition,
  });
}
