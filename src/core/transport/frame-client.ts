// The client of a peer's Raft service, as it is generated but for how frames are encoded: they are the most frequent
// messages between replicas.

import { makeGenericClientConstructor } from "@grpc/grpc-js";
import { serializerOf } from "../base/encode-message.ts";
import { type RaftClient, RaftFrame, RaftService } from "../wire/gen/fleet/v1/raft.ts";

const definition: typeof RaftService = {
  ...RaftService,
  exchange: { ...RaftService.exchange, requestSerialize: serializerOf(RaftFrame.encode) },
};

export const FrameClient = makeGenericClientConstructor(
  definition,
  "fleet.v1.Raft",
) as unknown as typeof RaftClient;
