// Every operation, field and value of replicated data has a version that brought it (ADR-0015). A build that knows a
// version knows all that is listed for it. An unknown operation stops an older build, and an unknown field does not.
// So once a version is released or a newer one exists, its part of the list is closed, and more needs the next
// version.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KNOWN_VERSION, requiredVersion } from "../../../src/core/fleet/format.ts";
import { KNOWN_KEY_FORMAT } from "../../../src/core/kv/command-codec.ts";
import { Operation } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { root } from "../source-files.ts";
import { listedFields, listedOperations } from "./listed-fields.ts";
import { fieldsBelow } from "./proto-fields.ts";

/** `closed`: the digest of each version's part that no longer changes. A release adds its own. */
const LISTS = [
  {
    list: "fleet.txt",
    roots: ["Command", "FleetSnapshot"],
    known: KNOWN_VERSION,
    closed: { 1: "a22e50ac8468a5b4" },
  },
  {
    list: "keys.txt",
    roots: ["KeyCommand", "KeySpaceSnapshot"],
    known: KNOWN_KEY_FORMAT,
    closed: { 1: "eb7ddfb6acd466c1", 2: "91ce420e314d46b7" },
  },
];

describe.each(LISTS)("$list", ({ list, roots, known, closed }) => {
  const listed = listedFields(list);

  test("names all that the contract declares: what is new stands under a version that is open", () => {
    expect(listed.map(({ field }) => field).sort()).toEqual(fieldsBelow(join(root, "proto"), roots));
  });

  test("has no version that this build does not know, and every older one is closed", () => {
    expect(Math.max(...listed.map(({ version }) => version))).toBeLessThanOrEqual(known);
    for (let version = 1; version < known; version += 1) expect(closed).toHaveProperty([version]);
  });

  test.each(Object.entries(closed))(
    "version %i is closed: what is new needs a newer one",
    (version, digest) => {
      const part = listed.filter((line) => line.version === Number(version)).map(({ field }) => field);
      expect(createHash("sha256").update(part.join("\n")).digest("hex").slice(0, 16)).toBe(digest);
    },
  );
});

// A raise needs the version that it raises to.
const operations = listedOperations().filter(({ $case }) => $case !== "raiseClusterVersion");

test.each(operations)("$$case is proposed from version $version on", ({ $case, version }) => {
  const { kind } = Operation.fromPartial({ kind: { $case, value: {} } as never });
  expect(kind === undefined ? 0 : requiredVersion(kind)).toBe(version);
});
