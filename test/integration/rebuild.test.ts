// `fleet member rebuild` on a real local fleet: the node is fenced, gets a new folder and votes again; why is in the audit log.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await TestFleet.init();
});
afterEach(() => fleet.dispose());

test("a node is rebuilt from the leader's state, and the audit log says who wanted it, and why", async () => {
  const reason = "the memory test found a bad module";
  const ran = await fleet.run("member", "rebuild", "n2", "--yes", "--reason", reason);
  expect(ran, ran.stderr).toMatchObject({ exit: 0 });
  expect(ran.stdout).toContain("n2 is rebuilt");
  expect(await readdir(join(fleet.directory, "removed"))).toHaveLength(1);
  const { entries } = JSON.parse((await fleet.run("audit", "list", "--json")).stdout);
  expect(entries).toContainEqual(
    expect.objectContaining({ what: "rebuild node n2 from the leader's state", reason }),
  );
});
