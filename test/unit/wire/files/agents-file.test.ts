// The agents file: what is accepted, how a mistake is named, and that an edit leaves the operator's text alone.

import { expect, test } from "vitest";
import { OperatorError } from "../../../../src/core/base/errors.ts";
import {
  changeShardAddress,
  formatAgentsFile,
  parseAgentsFile,
} from "../../../../src/core/wire/files/agents-file.ts";

const file = `# two clusters
agents:
  - cluster: c1 # the first
    shardAddr: 127.0.0.1:7001
  - cluster: c2
    shardAddr: "[::1]:7002"
    certs: other
`;

test("reads the agents in the order of the file", () => {
  expect(parseAgentsFile(file, "agents.yaml")).toEqual([
    { cluster: "c1", shardAddr: "127.0.0.1:7001" },
    { cluster: "c2", shardAddr: "[::1]:7002", certs: "other" },
  ]);
});

test("what is written is what is read", () => {
  const agents = [
    { cluster: "c1", shardAddr: "a:1" },
    { cluster: "007", shardAddr: "b:2", certs: "x y" },
    { cluster: "c2", shardAddr: "b:2", demand: [] },
    {
      ...{ cluster: "c3", shardAddr: "b:2" },
      demand: [{ count: 2, requirements: { "instance-type": "m5.large" }, priority: 7, sameDomain: true }],
    },
  ];
  expect(parseAgentsFile(formatAgentsFile(agents), "agents.yaml")).toEqual(agents);
  expect(parseAgentsFile(formatAgentsFile([]), "agents.yaml")).toEqual([]);
});

test("of a group of demand, only the count must be given", () => {
  const text = "agents:\n  - {cluster: c1, shardAddr: 'a:1', demand: [{count: 3}]}";
  const demand = [{ count: 3, requirements: {}, priority: 0, sameDomain: false }];
  expect(parseAgentsFile(text, "agents.yaml")).toEqual([{ cluster: "c1", shardAddr: "a:1", demand }]);
});

test.each([
  { demand: "3", error: "demand must be a list" },
  { demand: "[3]", error: "demand[0] must be a mapping" },
  { demand: "[{count: 1}, {}]", error: "demand[1].count must be" },
  { demand: "[{count: -1}]", error: "demand[0].count must be" },
  { demand: "[{count: 1, priority: high}]", error: "demand[0].priority must be" },
  { demand: "[{count: 1, sameDomain: 1}]", error: "demand[0].sameDomain must be" },
  { demand: "[{count: 1, requirements: {zone: 1}}]", error: "demand[0].requirements.zone must be a text" },
  { demand: "[{count: 1, requirements: {zone: 'a b'}}]", error: "demand[0].requirements must be labels" },
  { demand: "[{count: 1, zone: a}]", error: "demand[0].zone is not a known field" },
])("demand $demand is refused: $error", ({ demand, error }) => {
  const text = `agents:\n  - {cluster: c1, shardAddr: 'a:1', demand: ${demand}}`;
  expect(() => parseAgentsFile(text, "agents.yaml")).toThrow(error);
  expect(() => parseAgentsFile(text, "agents.yaml")).toThrow("agents.yaml:2: agents[0].demand");
});

test.each([
  { text: "", error: "agents.yaml:1: the file is empty", why: "an empty file" },
  { text: "agents: {}", error: "agents.yaml:1: agents must be a list", why: "no list" },
  { text: "agents:\n  - c1", error: "agents[0] must be a mapping", why: "a bare name" },
  {
    text: "agents:\n  - {shardAddr: 'a:1'}",
    error: "agents.yaml:2: agents[0].cluster must be",
    why: "no cluster",
  },
  {
    text: "agents:\n  - {cluster: 7, shardAddr: 'a:1'}",
    error: "agents.yaml:2: agents[0].cluster must be",
    why: "a number",
  },
  {
    text: "agents:\n  - {cluster: c1}",
    error: "agents.yaml:2: agents[0].shardAddr must be",
    why: "no address",
  },
  {
    text: "agents:\n  - {cluster: c1, shardAddr: 'a'}",
    error: "must be an address host:port",
    why: "no port",
  },
  {
    text: "agents:\n  - {cluster: c1, shardAddr: 'a:65536'}",
    error: "must be an address host:port",
    why: "no such port",
  },
  {
    text: "agents:\n  - {cluster: c1, shardaddr: 'a:1'}",
    error: "agents.yaml has 2 problems",
    why: "a typing error",
  },
  {
    text: "agents:\n  - {cluster: c1, shardAddr: 'a:1', certs: 3}",
    error: "agents[0].certs must be a text",
    why: "not a folder",
  },
  {
    text: "agents:\n  - {cluster: c1, shardAddr: 'a:1'}\n  - {cluster: c1, shardAddr: 'b:1'}",
    error: "agents.yaml:3: agents[1].cluster repeats agents[0].cluster",
    why: "two agents of a cluster would fight",
  },
  { text: "agents:\n  - cluster: [c1", error: "agents.yaml:2:", why: "broken YAML" },
])("refused: $why", ({ text, error }) => {
  expect(() => parseAgentsFile(text, "agents.yaml")).toThrow(OperatorError);
  expect(() => parseAgentsFile(text, "agents.yaml")).toThrow(error);
});

test("an edit changes one address and keeps comments, order and quotes", () => {
  expect(changeShardAddress(file, "agents.yaml", "c1", "127.0.0.1:7009")).toBe(
    file.replace("127.0.0.1:7001", "127.0.0.1:7009"),
  );
});

test("an edit of a cluster that is not there says so", () => {
  expect(() => changeShardAddress(file, "agents.yaml", "c9", "a:1")).toThrow("has no agent of cluster c9");
});
