import { hostname } from "node:os";
import { expect, test } from "vitest";
import { offlineActor } from "../../../../src/client/recover/offline-actor.ts";

test("whoever runs it is named, or numbered where there is no name", () => {
  expect(offlineActor(() => "ada", 7)).toBe(`offline:ada@${hostname()}`);
  const nameless = () => {
    throw new Error("ENOENT: uv_os_get_passwd");
  };
  expect(offlineActor(nameless, 10_001)).toBe(`offline:#10001@${hostname()}`);
});
