// The victim of encrypted-kill-points.test.ts: writes to an encrypted storage and prints how many entries are
// acknowledged. In between it rotates the data key, wrapped each time with another of the operator's keys.

import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { argv } from "node:process";
import { FLEET_GROUP, logIndex, term } from "../../src/core/base/ids.ts";
import { parseOperatorKeys } from "../../src/core/seal/operator-keys.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { CONF_STATE, IDENTITY, ROUNDS, SEGMENT_BYTES } from "./encrypted-workload.ts";

// A process that is killed would never write what it has compiled.
flushCompileCache();

const [, , directory = "", text = ""] = argv;
const keys = text.split(",").map((_, at, all) => all.slice(at).concat(all.slice(0, at)).join("\n"));
const keysOf = (round: number) => parseOperatorKeys(keys[round % keys.length] ?? "", "a test");
const storage = await DiskStorage.open({
  ...{ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES },
  encryption: { keys: keysOf(0), existing: false },
});
const reader = storage.reader(FLEET_GROUP);
for (let round = 1; round <= ROUNDS; round++) {
  for (let count = 0; count < 3; count++) {
    const index = logIndex(reader.lastIndex() + 1);
    const data = new TextEncoder().encode(`entry ${index} `.repeat(40));
    const hardState = { ...reader.initialState().hardState, term: term(1), commit: logIndex(index - 1) };
    await storage.write({
      ...{ group: FLEET_GROUP, hardState, snapshot: null },
      entries: [{ index, term: term(1), type: "normal", data }],
    });
    writeSync(1, `${index}\n`);
  }
  await storage.rotateKeys(keysOf(round));
  const through = logIndex(reader.lastIndex() - 1);
  const encode = async function* () {
    yield new TextEncoder().encode(`state at ${through} `.repeat(50));
  };
  await storage.saveSnapshot(FLEET_GROUP, { index: through, term: term(1), confState: CONF_STATE, encode });
  storage.compact(FLEET_GROUP, through);
}
await storage.close();
