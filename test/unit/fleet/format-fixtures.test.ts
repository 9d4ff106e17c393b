// This build reads what the previous builds wrote and comes to the same states. Under their cluster version every
// entry leads to the digest that they had. Otherwise a rolling upgrade would make replicas differ. The newest
// version's own fixture notices a change of its bytes or digests that was not meant.

import { afterAll, describe, expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId } from "../../../src/core/base/ids.ts";
import { FleetMachine } from "../../../src/core/coordinator/group/fleet-machine.ts";
import { apply } from "../../../src/core/fleet/apply.ts";
import { decodeCommand } from "../../../src/core/fleet/command-codec.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../src/core/fleet/snapshot/snapshot.ts";
import { FleetState } from "../../../src/core/fleet/state.ts";
import { DiskStorage } from "../../../src/core/storage/disk-storage.ts";
import { formatFixture } from "../../fixtures/format-folder.ts";
import { makeFolder, removeFolder } from "../../make-folder.ts";
import { listedOperations } from "../../tidy/replicated-fields/listed-fields.ts";
import { restoreWhole } from "../coordinator/restore-whole.ts";

const directory = await makeFolder();
afterAll(() => removeFolder(directory));

describe.each([1, 2])("format %i", (version) => {
  const fixture = formatFixture(version);

  test("the log leads to the same digest after every entry, and applies each operation of the version", () => {
    const state = new FleetState();
    const applied = new Set<string>();
    for (const [at, data] of fixture.commands.entries()) {
      const index = logIndex(at + 1);
      const command = decodeCommand(index, data);
      const { result } = apply(state, index, command);
      if (result?.$case === "applied") applied.add(command.operation?.kind?.$case ?? "");
      if (state.hash() !== fixture.hashes[at]) expect(`${index} ${state.hash()}`).toBe(fixture.hashes[at]);
    }
    expect(state.appliedIndex).toBe(fixture.hashes.length);
    expect(state.clusterVersion).toBe(version);
    const known = listedOperations().filter((operation) => operation.version <= version);
    expect([...applied].sort()).toEqual(known.map(({ $case }) => $case).sort());
  });

  test("a snapshot is restored, has the same bytes again, and the log goes on from it", () => {
    expect(fixture.snapshots.size).toBeGreaterThan(0);
    for (const [from, bytes] of fixture.snapshots) {
      const restored = decodeSnapshot(bytes);
      if (!restored.ok) throw new Error(restored.message);
      const { state } = restored;
      expect(encodeSnapshot(state), "a peer of the previous build reads it, too").toEqual(bytes);
      for (const [at, data] of fixture.commands.slice(from, from + 2_000).entries()) {
        const index = logIndex(from + at + 1);
        apply(state, index, decodeCommand(index, data));
        expect(`${index} ${state.hash()}`).toBe(`${index} ${fixture.hashes[index - 1]}`);
      }
    }
  });

  test("a node's data folder is opened and replayed", async () => {
    fixture.unpackData(directory);
    const identity = { clusterId: "c-fixture", nodeId: nodeId(1) };
    const storage = await DiskStorage.open({ directory, identity });
    const reader = storage.reader(FLEET_GROUP);
    const machine = new FleetMachine();
    const snapshot = reader.snapshot();
    if (typeof snapshot === "string") throw new Error(snapshot);
    restoreWhole(machine, snapshot.index, snapshot.data);
    const behind = logIndex(reader.lastIndex() + 1);
    const entries = reader.entries(logIndex(snapshot.index + 1), behind, Number.MAX_SAFE_INTEGER);
    if (typeof entries === "string") throw new Error(entries);
    for (const { index, data } of entries) machine.apply(index, data);
    await storage.close();
    expect(`${machine.view.appliedIndex} ${machine.view.hash()}`).toBe(fixture.dataHash);
  });
});
