import { expect, test } from "vitest";
import type { DataPlane } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { dataPlaneLines, toleranceLines } from "../../../../src/ui/model/data-plane-lines.ts";
import { SOUND_DATA_PLANE } from "./fixtures.ts";

const linesOf = (differs: Partial<DataPlane>) =>
  dataPlaneLines({ dataPlane: { ...SOUND_DATA_PLANE, ...differs } }).map(
    ({ mark, text }) => `${mark}: ${text}`,
  );

test.each([
  { differs: {}, says: ["good: 3 shards alive"] },
  { differs: { shardsAlive: 0, clusters: 0 }, says: [] },
  {
    differs: { shardsDead: 20, clustersAbsent: 3 },
    says: [
      "bad: of 23 shards, 20 dead: see fleet shard list",
      "bad: of 12 clusters, 3 not served: see fleet cluster list --drift",
    ],
  },
  {
    differs: { shardsAlive: 0, shardsUnheard: 3, clustersUnknown: 12 },
    says: [
      "unknown: of 3 shards, 3 not heard by this leader yet",
      "unknown: nothing is known of 12 of 12 clusters (100%): no shard reports them",
    ],
  },
  {
    differs: { shardsSuspect: 1, clustersUnknown: 1 },
    says: [
      "warn: of 4 shards, 1 suspect: see fleet shard list",
      "bad: nothing is known of 1 of 12 clusters (9%): no shard reports them",
    ],
  },
  {
    differs: { instructionsPending: 1, oldestPendingMs: 61_400, instructionsRefused: 2 },
    says: [
      "good: 3 shards alive",
      "bad: 1 instruction not delivered, the oldest for 1m01s: see fleet instruction list",
      "bad: 2 instructions refused by shards: see fleet instruction list",
    ],
  },
])("$says", ({ differs, says }) => expect(linesOf(differs)).toEqual(says));

test("a leader that does not count says nothing of it", () => {
  expect(dataPlaneLines({ dataPlane: null })).toEqual([]);
});

test.each([
  { tolerance: null, says: [] },
  { tolerance: { voters: 3, following: 3, canLose: 1 }, says: [] },
  { tolerance: { voters: 1, following: 1, canLose: 0 }, says: ["1 voter: the fleet can lose 0"] },
  {
    tolerance: { voters: 2, following: 2, canLose: 0 },
    says: ["2 of 2 voters follow the leader: the fleet can lose 0; add a third with fleet member add"],
  },
  {
    tolerance: { voters: 3, following: 2, canLose: 0 },
    says: ["2 of 3 voters follow the leader: the fleet can lose 0; bring the others back"],
  },
  {
    tolerance: { voters: 4, following: 4, canLose: 1 },
    says: ["4 voters can lose 1, as 3 voters can: add a voter (fleet member add), or remove one"],
  },
])("$says", ({ tolerance, says }) => {
  expect(toleranceLines({ tolerance }).map(({ text }) => text)).toEqual(says);
});
