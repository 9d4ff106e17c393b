// Every drill against real processes: it passes, without evidence against the fleet, and leaves a whole fleet.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { DRILLS } from "../../src/core/drill/catalog.ts";
import { TestFleet } from "./local-fleet.ts";

// Nothing here needs a leader that was elected long ago.
const QUICK = ["--quiet", "0s", "--before", "500ms", "--after", "500ms"];

let fleet: TestFleet;
let client: FleetClient;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "3");
  client = await fleet.client();
});
afterAll(() => fleet.dispose());

const untilHealthy = () => fleet.untilStatus(client, ({ verdict }) => verdict === "healthy");

test.each(DRILLS.map(({ name }) => name))("%s", async (name) => {
  await untilHealthy();
  const ran = await fleet.run("drill", "run", name, "--yes", ...QUICK, "--json");
  expect(JSON.parse(ran.stdout)).toMatchObject({ drill: name, verdict: "pass", observed: { evidence: [] } });
  expect(ran.exit).toBe(0);
  await untilHealthy();
});
