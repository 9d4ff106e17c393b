import { once } from "node:events";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { SessionDown, SessionUp } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { type RpcFailure, readRpcError } from "../../src/core/wire/rpc-error.ts";

/** The kind of the first frame that a shard sends on the session, or why it refuses the session. */
export async function firstDown(
  stream: ClientDuplexStream<SessionUp, SessionDown>,
): Promise<string | undefined | RpcFailure> {
  stream.on("error", () => undefined);
  try {
    const [down] = (await once(stream, "data")) as [SessionDown];
    return down.frame?.$case;
  } catch (error) {
    return readRpcError(error);
  } finally {
    stream.cancel();
  }
}
