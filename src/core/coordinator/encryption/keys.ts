// How this replica's data folder is encrypted, and its rotation to a new key (ADR-0031). The audit log has
// the rotation already: without that entry nothing is rotated. This replica's own log has the result.

import { status } from "@grpc/grpc-js";
import { OperatorError } from "../../base/errors.ts";
import { shownName } from "../../base/ids.ts";
import { isSystemError } from "../../base/system-error.ts";
import type { KeyStatus, RotateKeysRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Caller } from "../calls/caller.ts";
import type { FolderKeys, ServiceContext } from "../calls/context.ts";
import { ordered } from "../calls/ordered.ts";

export async function keyStatus({ folderKeys, ...context }: ServiceContext): Promise<KeyStatus> {
  const nodeName = nameOf(context);
  const found = await folderKeys.status();
  if (found === null) {
    const plain = { plainSegments: 0, plainSnapshots: 0, complete: false, auditFiles: [] };
    return { nodeName, encrypted: false, operatorKey: "", keys: [], ...plain };
  }
  const { operatorKeyId, keys, plainSegments, plainSnapshots, isComplete } = found;
  return {
    ...{ nodeName, encrypted: true, operatorKey: operatorKeyId, keys: [...keys] },
    ...{ plainSegments, plainSnapshots, complete: isComplete },
    auditFiles: [...(await folderKeys.auditFiles())],
  };
}

export async function rotateKeys(
  context: ServiceContext,
  request: RotateKeysRequest,
  caller: Caller,
): Promise<KeyStatus> {
  const { folderKeys } = context;
  const { nodeName } = request;
  const name = nameOf(context);
  if (nodeName !== name) {
    const message = `this is ${name}, and not ${shownName(nodeName)}`;
    throw rpcError(status.FAILED_PRECONDITION, "REPLICA_MISMATCH", message);
  }
  const { actor: by, reason } = await ordered(context, "noteKeyRotation", request, caller);
  if (!(await hasRotated(folderKeys))) {
    const message = `${name} does not encrypt its data: it was started without a key`;
    throw rpcError(status.FAILED_PRECONDITION, "NOT_ENCRYPTED", message);
  }
  const found = await keyStatus(context);
  const dataKey = found.keys.at(-1)?.id ?? 0;
  folderKeys.log.info("rotated the data key", { dataKey, operatorKey: found.operatorKey, by, reason });
  return found;
}

/** False: there is nothing to rotate. An unusable key file, or a full disk, is reported to the caller. */
async function hasRotated({ operatorKeys, rotate }: FolderKeys): Promise<boolean> {
  try {
    const keys = await operatorKeys();
    return keys !== null && (await rotate(keys));
  } catch (error) {
    const isOperators = error instanceof OperatorError;
    if (!isOperators && !isSystemError(error)) throw error;
    const why = isOperators && error.parts.why !== undefined ? `: ${error.parts.why}` : "";
    const message = `the key was not rotated, and the one before is in use: ${error.message}${why}`;
    throw rpcError(status.FAILED_PRECONDITION, "KEY_ROTATION_FAILED", message);
  }
}

function nameOf({ replicas, self }: Pick<ServiceContext, "replicas" | "self">): string {
  return replicas.find(({ id }) => id === self)?.name ?? String(self);
}
