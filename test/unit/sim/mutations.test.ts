import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MUTATIONS } from "../../sim/mutations.ts";

// Else `npm run sim:mutants`, which takes long, is the first to notice that the code has changed.
test.each(MUTATIONS.flatMap(({ name, edits }) => edits.map((edit) => ({ name, ...edit }))))(
  "the deliberate bug $name fits one place of $file",
  ({ file, search }) => {
    const text = readFileSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), "utf8");
    expect(text.split(search)).toHaveLength(2);
  },
);
