// The machines file: what is accepted, and how a mistake is named.

import { expect, test } from "vitest";
import { OperatorError } from "../../../../src/core/base/errors.ts";
import { parseMachinesFile } from "../../../../src/core/wire/files/machines-file.ts";

test("reads the pools in the order of the file, which is the order of their use", () => {
  const text =
    "machines:\n  - {instanceType: m5, zone: b, count: 2}\n  - {instanceType: m5, zone: a, count: 0}\n";
  expect(parseMachinesFile(text, "machines.yaml")).toEqual([
    { instanceType: "m5", zone: "b", count: 2 },
    { instanceType: "m5", zone: "a", count: 0 },
  ]);
  expect(parseMachinesFile("machines: []", "machines.yaml")).toEqual([]);
});

test("machines of a topology domain say so, beside others of the same kind", () => {
  const pools = "{instanceType: m5, zone: a, count: 1}";
  const text = `machines:\n  - ${pools}\n  - {instanceType: m5, zone: a, count: 4, domain: {rack: r1}}\n`;
  expect(parseMachinesFile(text, "machines.yaml")[1]).toEqual({
    ...{ instanceType: "m5", zone: "a", count: 4 },
    domain: { key: "rack", value: "r1" },
  });
});

const pool = "{instanceType: m5, zone: a, count: 1}";

test.each([
  { text: "", error: "machines.yaml:1: the file is empty", why: "an empty file" },
  { text: "machines: 3", error: "machines.yaml:1: machines must be a list", why: "no list" },
  { text: "machines:\n  - m5", error: "machines[0] must be a mapping", why: "a bare name" },
  {
    text: "machines:\n  - {zone: a, count: 1}",
    error: "machines.yaml:2: machines[0].instanceType",
    why: "no type",
  },
  {
    text: "machines:\n  - {instanceType: m5, count: 1}",
    error: "machines.yaml:2: machines[0].zone",
    why: "no zone",
  },
  {
    text: "machines:\n  - {instanceType: m5, zone: a, count: 1.5}",
    error: "count must be",
    why: "half a machine",
  },
  {
    text: "machines:\n  - {instanceType: m5, zone: a, count: -1}",
    error: "count must be",
    why: "less than none",
  },
  {
    text: "machines:\n  - {instanceType: m5, zones: a}",
    error: "machines.yaml has 3 problems",
    why: "a typing error",
  },
  {
    text: `machines:\n  - ${pool}\n  - ${pool}`,
    error: "machines.yaml:3: machines[1] repeats machines[0]",
    why: "",
  },
  ...[
    { domain: "r1", error: "domain must be a mapping", why: "a bare name" },
    { domain: "{rack: r1, row: w1}", error: "domain must be a mapping of one text", why: "two of them" },
    { domain: "{rack: 7}", error: "domain.rack must be a text of printable characters", why: "a number" },
    {
      domain: "{region: eu}",
      error: "domain must not have the key region: every machine has that label",
      why: "the shard's own label",
    },
    { domain: "{zone: b}", error: "domain can't be zone=b for machines in zone a", why: "a contradiction" },
  ].map(({ domain, ...rest }) => ({
    text: `machines:\n  - {instanceType: m5, zone: a, count: 1, domain: ${domain}}`,
    ...rest,
  })),
  { text: "machines: [", error: "machines.yaml:1:", why: "broken YAML" },
])("refused: $error $why", ({ text, error }) => {
  expect(() => parseMachinesFile(text, "machines.yaml")).toThrow(OperatorError);
  expect(() => parseMachinesFile(text, "machines.yaml")).toThrow(error);
});
