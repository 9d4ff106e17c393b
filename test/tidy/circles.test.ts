// No file imports itself by way of others, types included: each file can be read with only what stands below it. The same
// holds for the folders inside of the large rooms.

import { dirname } from "node:path";
import { expect, test } from "vitest";
import { importsOf, sourceFiles } from "./source-files.ts";

const imports = new Map(
  sourceFiles("src/**/*.{ts,tsx}").map((file) => [
    file.path,
    importsOf(file)
      .filter(({ isLocal, target }) => isLocal && target !== file.path)
      .map(({ target }) => target),
  ]),
);

test("files import no circle, types included", () => {
  expect(imports.size).toBeGreaterThan(500);
  expect(circles(imports)).toEqual([]);
});

test.each(["src/core/coordinator", "src/core/wire", "src/core/fleet", "src/client"])(
  "the folders inside of %s import no circle",
  (room) => {
    expect(circles(foldersOf(room))).toEqual([]);
  },
);

test("a circle is found, and a diamond is none", () => {
  const graph = { a: ["b", "c"], b: ["d"], c: ["d"], d: [], e: ["f"], f: ["g"], g: ["e", "a"] };
  expect(circles(new Map(Object.entries(graph)))).toEqual(["e -> f -> g -> e"]);
});

/** What each folder directly below `room`, and each file that lies in it, imports of the others. */
function foldersOf(room: string): Map<string, string[]> {
  const placeOf = (path: string) =>
    dirname(path) === room ? path : path.split("/", room.split("/").length + 1).join("/");
  const found = new Map<string, string[]>();
  for (const [path, targets] of imports) {
    if (!path.startsWith(`${room}/`)) continue;
    const place = placeOf(path);
    const others = targets.filter((target) => target.startsWith(`${room}/`)).map(placeOf);
    found.set(place, [...(found.get(place) ?? []), ...others.filter((other) => other !== place)]);
  }
  return found;
}

/** One circle for each edge that leads back into the path which is being walked. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    if (done.has(node)) return;
    const at = path.indexOf(node);
    if (at !== -1) {
      found.push([...path.slice(at), node].join(" -> "));
      return;
    }
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}
