// A snapshot as a replica announces it that is no member: from a far term, and with itself as the only voter.

import { SnapshotHeader } from "../../src/core/wire/gen/fleet/v1/raft.ts";

/** A term and an index that no member has reached. */
export const HIGH = 2 ** 40;

export function headerFrom(clusterId: string, from: number, to: number): SnapshotHeader {
  const others = { learners: [1, 2, 3], votersOutgoing: [], learnersNext: [], autoLeave: false };
  return SnapshotHeader.fromPartial({
    ...{ clusterId, groupId: 0, from, to, messageTerm: HIGH, index: HIGH, term: HIGH },
    ...{ confState: { voters: [from], ...others }, bytes: 1024 ** 3, sha256: new Uint8Array(32) },
  });
}
