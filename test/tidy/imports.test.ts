// Who may import whom: the table is in rooms.ts. An import that is not in it is refused, and so is a room that is not
// in it.

import { expect, test } from "vitest";
import { ROOMS } from "./rooms.ts";
import { importsOf, sourceFiles } from "./source-files.ts";

const PURE = [
  "src/core/raft",
  "src/core/etcd-log",
  "src/core/fleet",
  "src/core/kv",
  "src/core/check",
  "src/core/drill",
  "src/core/rebind",
  "src/core/lab",
  "src/core/recover",
  "src/core/audit/check-chain.ts",
  "src/core/audit/merge-files.ts",
  "src/core/audit/compare.ts",
  "src/client/etcd/contention.ts",
  "src/client/etcd/etcd-errors.ts",
  "src/client/etcd/key-range.ts",
  "src/client/etcd/txn-text.ts",
  "src/client/etcd/txn-words.ts",
  "src/client/etcd/watch-position.ts",
  "src/ui/model",
];
const FORBIDDEN_IN_PURE =
  /\b(async|await|Promise|Date|Math\.random|setTimeout|setInterval|setImmediate|console)\b|(?<!\.)\bprocess\./;

const files = sourceFiles("src/**/*.{ts,tsx}");

/** Whether `path` is the room or file `place`, or lies in it. */
function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** The most specific room that holds a path. */
function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => isWithin(path, room))
    .sort((a, b) => b.length - a.length)[0];
}

function mayImport(room: string, target: string, isTypeOnly: boolean): boolean {
  if (target.startsWith(`${room}/`)) return true;
  return (ROOMS[room] ?? []).some((allowed) => {
    const typesOnly = allowed.endsWith(" (types)");
    const prefix = allowed.replace(" (types)", "");
    return isWithin(target, prefix) && (!typesOnly || isTypeOnly);
  });
}

test("every file is in a room", () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => roomOf(file.path) === undefined).map((file) => file.path)).toEqual([]);
});

test("rooms import only what the table allows", () => {
  const wrong = files.flatMap((file) => {
    const room = roomOf(file.path) ?? "";
    return importsOf(file)
      .filter((found) => found.isLocal && !mayImport(room, found.target, found.isTypeOnly))
      .map((found) => `${file.path} imports ${found.target}`);
  });
  expect(wrong).toEqual([]);
});

test("every pure room or file is there", () => {
  const absent = PURE.filter((pure) => !files.some((file) => isWithin(file.path, pure)));
  expect(absent).toEqual([]);
});

test("pure rooms hold no clock, chance, I/O or waiting", () => {
  const wrong = files
    .filter((file) => PURE.some((pure) => isWithin(file.path, pure)))
    .flatMap((file) => {
      const impure = importsOf(file).filter((found) => found.target.startsWith("node:"));
      const words = code(file.text).match(FORBIDDEN_IN_PURE);
      return [
        ...impure.map((found) => `${file.path}: ${found.target}`),
        ...(words ? [`${file.path}: ${words[0]}`] : []),
      ];
    });
  expect(wrong).toEqual([]);
});

/** The text without comments and string literals, where any word may stand. */
function code(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '""');
}
