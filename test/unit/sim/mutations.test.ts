import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MUTATIONS } from "../../sim/mutations.ts";

const read = (file: string) =>
  readFileSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), "utf8");

// Else `npm run sim:mutants`, which takes long, is the first to notice that the code has changed.
test.each(MUTATIONS.flatMap(({ name, edits }) => edits.map((edit) => ({ name, ...edit }))))(
  "the deliberate bug $name fits one place of $file",
  ({ file, search }) => {
    expect(read(file).split(search)).toHaveLength(2);
  },
);

test("no two deliberate bugs have one name", () => {
  const names = MUTATIONS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test.each(MUTATIONS.flatMap(({ name, test: by }) => (by === undefined ? [] : [{ name, by }])))(
  "the test that finds the deliberate bug $name is there",
  ({ by }) => {
    // A name that comes from a table's row is there with the row's field for what differs.
    const patterns = [...read(by.file).matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map(
      ([, text = ""]) => new RegExp(`^${text.split(/\$\w+/).map(escaped).join(".+")}$`),
    );
    expect(patterns.some((pattern) => pattern.test(by.name))).toBe(true);
  },
);

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
