// Coordinator.Write: handles each write of a stream. Submit does the same for a single write.

import { type handleBidiStreamingCall, status } from "@grpc/grpc-js";
import { messageOf } from "../../../base/errors.ts";
import { MessageReader } from "../../../base/message-reader.ts";
import {
  SubmitRequest,
  type SubmitResponse,
  type WriteAnswers,
  type WriteBatch,
  type WriteItem,
} from "../../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../../wire/rpc-error.ts";
import { callerOf, type Identity } from "../../../wire/tls/identity.ts";
import { WRITE_BYTES_MAX } from "../../../wire/write-limits.ts";
import { workerOf } from "../../calls/client-work.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { answerBy } from "../../calls/handler.ts";
import { refusalError, tooBusy } from "../../calls/refusals.ts";
import { answerWrites } from "./answer-writes.ts";
import { submit } from "./submit.ts";

export function writeStream(context: ServiceContext): handleBidiStreamingCall<WriteBatch, WriteAnswers> {
  return (call) => {
    try {
      const identity = callerOf(call, context.tls);
      answerWrites(call, {
        count: () => context.countRequest(identity),
        submit: (item) => submitItem(context, identity, item),
        refused: async () => {
          await context.work.answer(workerOf(identity));
          throw refusalError(context, "overloaded");
        },
        refusal: (error) => context.internalErrors.answer(error, call.getPath()),
      });
    } catch (error) {
      call.emit("error", context.internalErrors.answer(error, call.getPath()));
    }
  };
}

async function submitItem(
  context: ServiceContext,
  identity: Identity,
  { request, timeoutMs }: WriteItem,
): Promise<SubmitResponse> {
  const deadline = answerBy(context, timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs);
  const caller = { identity, deadline };
  // The stream itself was started long ago.
  const arrived = context.work.arrive(workerOf(identity));
  if (arrived !== true && !(await arrived)) throw tooBusy(context);
  return submit(context, decode(request), caller);
}

function decode(request: Uint8Array): SubmitRequest {
  if (request.length > WRITE_BYTES_MAX) {
    const message = `a write on a stream may have at most ${WRITE_BYTES_MAX} bytes, this one has ${request.length}`;
    throw rpcError(status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", message);
  }
  try {
    return SubmitRequest.decode(new MessageReader(request));
  } catch (error) {
    const message = `the request cannot be read: ${messageOf(error)}`;
    throw rpcError(status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", message);
  }
}
