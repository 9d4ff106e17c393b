// A coordinator starts with the same memory settings wherever it is started: by `fleet init` and `fleet up`, by the unit, by the
// chart.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  COORDINATOR_ENVIRONMENT,
  COORDINATOR_NODE_FLAGS,
} from "../../src/client/local/coordinator-memory.ts";
import { root } from "../cli/manifest.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const WANTED: Readonly<Record<string, string>> = {
  NODE_OPTIONS: COORDINATOR_NODE_FLAGS.join(" "),
  ...COORDINATOR_ENVIRONMENT,
};

test("the coordinators' unit has the memory settings of fleet init", () => {
  const lines = [...read("deploy/systemd/fleet-coordinator@.service").matchAll(/^Environment=(.*)$/gm)];
  // A value with blanks stands in quotes, with its name.
  const words = lines.flatMap(([, line = ""]) => line.match(/"[^"]*"|\S+/g) ?? []);
  const given = words.map((word) => /^"?(\w+)=([^"]*)"?$/.exec(word)?.slice(1) ?? []);
  expect(Object.fromEntries(given)).toEqual(WANTED);
});

test("the coordinators' chart has the memory settings of fleet init", () => {
  const text = read("deploy/helm/coordinator/templates/statefulset.yaml");
  const given = [...text.matchAll(/- \{ name: (\w+), value: "([^"]*)" \}/g)].map(([, name, value]) => [
    name,
    value,
  ]);
  expect(Object.fromEntries(given)).toMatchObject(WANTED);
});
