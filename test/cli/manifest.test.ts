import { Plugin } from "@oclif/core";
import { expect, test } from "vitest";
import { manifest, root } from "./manifest.ts";

test("oclif.manifest.json, which the program starts from, says what the built commands say", async () => {
  const plugin = new Plugin({ root, ignoreManifest: true, type: "core" });
  await plugin.load();
  const fresh = JSON.parse(JSON.stringify(plugin.manifest.commands));
  expect(Object.keys(fresh).length).toBeGreaterThan(20);
  expect(manifest.commands).toEqual(fresh);
});
