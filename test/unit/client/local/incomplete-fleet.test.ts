// `fleet up` of a fleet of which folders are gone: the advice is what saves it, and to give it up comes last.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { initFleet, upFleet } from "../../../../src/client/local/init.ts";
import { failureOf, fakeWorld } from "./fakes.ts";

test.each([
  {
    gone: ["n3"],
    says: [
      /start n3 with empty folders, and the others readmit them: mkdir -m 700 \S+n3 && fleet up/,
      /fleet member replace n3/,
    ],
    why: "two of three have what the third lost",
  },
  { gone: ["n2", "n3"], says: [/fleet recover --dir/], why: "no quorum is left, and one copy is" },
  {
    gone: ["n1", "n2", "n3"],
    says: [/put a node's folder back, or give the fleet up/],
    why: "nothing is left",
  },
  {
    gone: ["s1"],
    says: [/begin with empty ones: mkdir -m 700 \S+s1 && fleet up/],
    why: "a shard learns again",
  },
  {
    gone: ["n3", "certs"],
    says: [/put them back, or give the fleet up/],
    why: "no certificate can be made",
  },
])("without $gone the advice is what saves it: $why", async ({ gone, says }) => {
  const world = await fakeWorld();
  await initFleet({ directory: world.directory, shards: 1 }, world.deps);
  world.processes.endAll();
  for (const folder of gone) await rm(join(world.directory, folder), { recursive: true });
  const { next } = await failureOf(upFleet(world.directory, world.deps));
  for (const text of says) expect(next).toMatch(text);
  if (!gone.includes("certs") && gone.length < 3) expect(next).not.toContain("destroy");
});
