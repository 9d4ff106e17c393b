// What `fleet member rebuild` says in each of its ends.

import { expect, test } from "vitest";
import { type RebuildReport, rebuildLines } from "../../../../src/ui/model/rebuild-lines.ts";

const report = (differs: Partial<RebuildReport>): RebuildReport => ({
  ...{
    node: "n2",
    fleet: "prod",
    isLocal: true,
    isUnderWay: false,
    state: "rebuilt",
    aside: "/f/removed/n2-x",
  },
  ...differs,
});

test("where the former files are, and that its key still counts, is said at the end", () => {
  expect(rebuildLines(report({}))).toEqual([
    "n2 is rebuilt: it votes again, with the leader's state",
    "  its former files are in /f/removed/n2-x: keep them for the post-mortem",
    "  it keeps its number, so its old certificate stays valid. If others may have its key, issue a new certificate and revoke the old one (fleet cert revoke)",
  ]);
});

test("of a node on another host it says what to run there, and that nothing is deleted", () => {
  const lines = rebuildLines(report({ isLocal: false, state: "fenced", aside: null })).join("\n");
  expect(lines).toContain("1. systemctl stop fleet-coordinator@n2");
  expect(lines).toContain("2. mv DATA DATA.diverged (do not delete it)");
  expect(lines).toContain("without --bootstrap");
});

test("a dry run names each step, and of one under way that it would only wait", () => {
  expect(rebuildLines(report({ state: "planned", aside: null })).length).toBe(6);
  expect(rebuildLines(report({ state: "planned", aside: null, isUnderWay: true }))).toEqual([
    "would wait for n2, which rejoins already",
  ]);
});
