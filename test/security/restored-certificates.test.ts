// A restored fleet accepts its own new certificates, whatever its table revokes. A revocation of an identity covers all
// certificates that were issued before a moment, which may be a minute ago (ADR-0026).

import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leafOf, loadTls } from "../../src/core/wire/tls/tls.ts";
import { TestFleet } from "../integration/local-fleet.ts";

let fleet: TestFleet;

beforeAll(async () => {
  fleet = await TestFleet.init("--nodes", "1");
});
afterAll(() => fleet.dispose());

async function ok(...args: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await fleet.run(...args);
  expect({ args, exit, stderr }).toMatchObject({ exit: 0 });
  return stdout;
}

test("identities that were revoked just before the export have certificates that are accepted", async () => {
  await ok("cert", "issue", "--role", "admin", "--name", "ops", "--out", "ops");
  const at = (file: string) => join(fleet.home, "ops", file);
  const files = { ca: at("ca.crt"), cert: at("ops.crt"), key: at("ops.key") };
  const asOps = ["--ca", files.ca, "--cert", files.cert, "--key", files.key];
  const moment = leafOf(loadTls(files)).validFromDate.toISOString();
  await ok("cert", "revoke", "fleet://admin", "--issued-before", moment, "--reason", "test", ...asOps);
  await ok("cert", "revoke", "fleet://replica/2", "--issued-before", moment, "--reason", "test", ...asOps);
  await ok("snapshot", "save", "--to", "exports", ...asOps);
  await ok("down");
  const other = ["--dir", join(fleet.home, "other")];
  await ok("snapshot", "restore", "--from", "exports", ...other, "--yes", "--reason", "test");
  try {
    await ok("up", ...other);
    // Its number is 2, as the revoked identity's.
    await ok("member", "add", "n2", "--wait", "--reason", "test", ...other);
  } finally {
    await fleet.run("down", ...other);
  }
});
