// `npm run sim:mutants` finds a deliberate bug by the simulator, and another by its test.

import { expect, test } from "vitest";
import { runNode } from "../integration/local-fleet.ts";

test("deliberate bugs are found", async () => {
  const only = "forget-vote,segment-without-head,spool-unchecked";
  const { exit, stdout, stderr } = await runNode(["test/sim/mutants.ts", "--only", only], {
    cwd: process.cwd(),
    env: process.env,
  });
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
  expect(stdout).toMatch(/^forget-vote +1 seeds +safety: /m);
  expect(stdout).toMatch(/^segment-without-head +a test +test\/unit\/storage\//m);
  expect(stdout).toContain("mutants: 3 of 3 found");
});
