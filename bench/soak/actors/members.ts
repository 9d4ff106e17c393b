// Replicas' certificates of no member: of a number that never was one, and of one that was removed.

import { nodeId } from "../../../src/core/base/ids.ts";
import { KNOWN_VERSION } from "../../../src/core/fleet/format.ts";
import { senderMetadata } from "../../../src/core/transport/sender.ts";
import {
  RaftFrame,
  RaftService,
  RejoinRequest,
  SnapshotChunk,
} from "../../../src/core/wire/gen/fleet/v1/raft.ts";
import { headerFrom } from "../../../test/security/outsider-snapshot.ts";
import { type Actors, asks, MEGABYTE, wire } from "../actor.ts";
import { HOLDERS, REMOVED_NUMBER, STRANGER_NUMBER } from "../holders.ts";
import type { World } from "../world.ts";

const CHUNKS = 4;

function leap(from: number): Uint8Array {
  const term = Number.MAX_SAFE_INTEGER;
  const message = { type: "MsgApp", from, to: 1, term, index: term, logTerm: term, commit: term };
  const frame = RaftFrame.fromPartial({ clusterId: "", from, messages: [{ groupId: 0, message }] });
  return wire(RaftFrame, frame);
}

function snapshot(clusterId: string, from: number): Uint8Array[] {
  const data = { $case: "data", value: new Uint8Array(MEGABYTE) } as const;
  const parts = [
    { $case: "header", value: headerFrom(clusterId, from, 1) } as const,
    ...Array.from({ length: CHUNKS }, () => data),
  ];
  return parts.map((part) => wire(SnapshotChunk, SnapshotChunk.fromPartial({ part })));
}

function rejoin(clusterId: string, from: number): Uint8Array {
  const request = RejoinRequest.fromPartial({ clusterId, nodeId: from, knownVersion: KNOWN_VERSION });
  return wire(RejoinRequest, request);
}

function sender({ clusterId }: World, number: number): Readonly<Record<string, string>> {
  const peer = { id: nodeId(number), name: `n${number}`, address: "127.0.0.1:1" };
  const told = senderMetadata({ clusterId, peer, knownVersion: KNOWN_VERSION }).toHttp2Headers();
  return Object.fromEntries(Object.entries(told).map(([key, value]) => [key, String(value)]));
}

const actorsOf = (who: string, uri: string, number: number): Actors => ({
  [`a term of 2^53−1 by ${who}`]: (world, round) =>
    asks(uri, RaftService.exchange.path, () => [leap(number)], { headers: sender(world, number) })(
      world,
      round,
    ),
  [`a snapshot by ${who}`]: (world, round) =>
    asks(uri, RaftService.installSnapshot.path, () => snapshot(world.clusterId, number))(world, round),
  [`${who} asks to rejoin`]: (world, round) =>
    asks(uri, RaftService.rejoin.path, () => [rejoin(world.clusterId, number)])(world, round),
});

export const MEMBER_ACTORS: Actors = {
  ...actorsOf("a stranger", HOLDERS.stranger, STRANGER_NUMBER),
  ...actorsOf("a removed member", HOLDERS.removed, REMOVED_NUMBER),
};
