// fleet.yaml: what is written is read back, and each fault is named with its place in the file.
import { describe, expect, test } from "vitest";
import {
  addNode,
  dropNode,
  type FleetFile,
  formatFleetFile,
  parseFleetFile,
} from "../../../../src/client/files/fleet-file.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";

const FLEET: FleetFile = {
  name: "local",
  clusterId: "5d1c",
  profile: "wan",
  liveness: { suspectAfterSeconds: 40, deadAfterSeconds: 90 },
  nodes: [
    { id: 1, name: "n1", address: "127.0.0.1:4001", metricsPort: 9001 },
    { id: 2, name: "n2", address: "[::1]:4002" },
  ],
  shards: [
    { id: "s1", address: "127.0.0.1:4011", metricsPort: 9011 },
    { id: "s2", address: "127.0.0.1:4012", machines: "s2/machines.yaml", region: "eu", cycleSeconds: 5 },
  ],
  clusters: ["c1", "c2"],
  agentsMetricsPort: 9021,
};

test("a fleet file reads back as it was written", () => {
  expect(parseFleetFile("fleet.yaml", formatFleetFile(FLEET))).toEqual(FLEET);
});

test("shards, agents and the profile may be left out", () => {
  const text = "schemaVersion: 1\nname: a\nclusterId: x\nnodes: [{id: 1, name: n1, address: 'h:1'}]\n";
  expect(parseFleetFile("fleet.yaml", text)).toMatchObject({ profile: "lan", shards: [], clusters: [] });
});

describe("each fault is named with its place", () => {
  const base = formatFleetFile(FLEET);
  test.each([
    { text: "", place: "schemaVersion", fault: "the file is empty" },
    { text: "a: [", place: "syntax", fault: "Flow sequence" },
    {
      text: base.replace("schemaVersion: 1", "schemaVersion: 2"),
      place: "a later schema",
      fault: "fleet.yaml:1: schemaVersion must be 1: found 2",
    },
    {
      text: base.replace("name: local", "name: Local"),
      place: "name",
      fault: "name must be a name of lower-case letters",
    },
    {
      text: base.replace("profile: wan", "profile: moon"),
      place: "profile",
      fault: 'profile must be one of lan, wan: found "moon"',
    },
    {
      text: base.replace("deadAfterSeconds: 90", "deadAfterSeconds: 40"),
      place: "liveness.deadAfterSeconds",
      fault: "liveness.deadAfterSeconds must be more than suspectAfterSeconds, 40: found 40",
    },
    {
      text: base.replace("id: 2", "id: two"),
      place: "nodes[1].id",
      fault: "nodes[1].id must be a whole number",
    },
    {
      text: base.replace("127.0.0.1:4011", "127.0.0.1"),
      place: "shards[0].address",
      fault: "shards[0].address must be an address host:port",
    },
    {
      text: base.replace("cycleSeconds: 5", "cycleSeconds: 0"),
      place: "shards[1].cycleSeconds",
      fault: "shards[1].cycleSeconds must be a whole number from 1 to 3600",
    },
    {
      text: base.replace("127.0.0.1:4001", "127.0.0.1:70000"),
      place: "a port out of range",
      fault: "nodes[0].address must be an address",
    },
    { text: base.replace("id: 2", "id: 1"), place: "an id twice", fault: "nodes[1].id repeats nodes[0].id" },
    {
      text: base.replace("metricsPort: 9021", "metricsPort: 9001"),
      place: "a port for metrics twice",
      fault: "agents.metricsPort repeats nodes[0].metricsPort",
    },
    {
      text: base.replace("id: s1", "id: n2"),
      place: "a name twice",
      fault: "shards[0].id repeats nodes[1].name",
    },
    {
      text: base.replace("[::1]:4002", "127.0.0.1:4001").replaceAll('"', ""),
      place: "an address twice",
      fault: "nodes[1].address repeats nodes[0].address",
    },
    {
      text: base.replace("- c2", "- c1"),
      place: "a cluster twice",
      fault: "agents.clusters[1] repeats agents.clusters[0]",
    },
    {
      text: base.replace("name: n1", "name: certs"),
      place: "a name that is taken by a folder",
      fault: "nodes[0].name must not be any of",
    },
    {
      text: base.replace("name: n1", "name: ../n1"),
      place: "a name that leads out of the folder",
      fault: "nodes[0].name must be a name",
    },
    {
      text: base.replace("- c2", "- ca"),
      place: "a cluster whose certificate would be the authority's",
      fault: "agents.clusters[1] must not be any of ca",
    },
    {
      text: base.replace("clusterId: 5d1c", "clusterId:"),
      place: "no cluster id",
      fault: "clusterId must be a text",
    },
  ])("$place: $fault", ({ text, fault }) => {
    expect.assertions(3);
    try {
      parseFleetFile("/x/fleet.yaml", text);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      expect(error.code).toBe("CONFIG_INVALID");
      expect(error.parts.exit).toBe(Exit.NotFound);
      expect(error.parts.what).toContain(fault);
    }
  });
});

test("all problems are named at once, each with its line, in the order of the file", () => {
  const text =
    "schemaVersion: 1\nname: A\nclusterId: x\nnodes:\n  - {id: 1, name: n1}\n  - id: 1\n    name: n2\n    address: h\n";
  const read = () => parseFleetFile("fleet.yaml", text);
  expect(read).toThrow("fleet.yaml has 3 problems");
  expect(read).toThrow(
    expect.objectContaining({
      parts: expect.objectContaining({
        why: [
          `line 2: name must be a name of lower-case letters, digits, '.', '_' and '-': found "A"`,
          "line 5: nodes[0].address must be an address host:port: it is missing",
          'line 8: nodes[1].address must be an address host:port: found "h"',
        ].join("; "),
      }),
    }),
  );
});

test("so are all repeats, each with both places", () => {
  const text = [
    "schemaVersion: 1\nname: a\nclusterId: x",
    "nodes:",
    "  - {id: 1, name: n1, address: 'h:1', metricsPort: 9}",
    "  - {id: 2, name: n1, address: 'h:2', etcdPort: 1}",
    "shards:",
    "  - {id: n1, address: 'h:2', metricsPort: 9}",
  ].join("\n");
  const why = [
    "line 6: nodes[1].name repeats nodes[0].name",
    "line 6: nodes[1].etcdPort repeats nodes[0].address",
    "line 8: shards[0].id repeats nodes[0].name",
    "line 8: shards[0].metricsPort repeats nodes[0].metricsPort",
    "line 8: shards[0].address repeats nodes[1].address",
  ].join("; ");
  const parts = expect.objectContaining({ why });
  expect(() => parseFleetFile("fleet.yaml", text)).toThrow(expect.objectContaining({ parts }));
});

test("a node that comes and goes leaves everything else as it stood, comments too", () => {
  const text = [
    "schemaVersion: 1 # ours",
    "name: local",
    "clusterId: id",
    "nodes:",
    "  # the old machine",
    "  - id: 1",
    "    name: n1",
    "    address: 127.0.0.1:7001",
    "",
  ].join("\n");
  const added = addNode(text, { id: 2, name: "n2", address: "127.0.0.1:7002" });
  expect(added).toContain("# the old machine");
  expect(parseFleetFile("fleet.yaml", added).nodes).toEqual([
    { id: 1, name: "n1", address: "127.0.0.1:7001" },
    { id: 2, name: "n2", address: "127.0.0.1:7002" },
  ]);
  expect(dropNode(added, "n2")).toBe(text);
});
