// What a drill can do to a fleet elsewhere: what its context's hooks do. They get the node's name and run in their folder; one that
// fails, or is not there, is a refusal with its reason.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DrillHooks, Target } from "../../../../src/client/context/target.ts";
import { nodeControlOf } from "../../../../src/client/drill/node-control.ts";
import { systemDeps } from "../../../../src/client/local/deps.ts";
import { standing, waitReady } from "../../../../src/client/wait-ready.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

async function controlWith(hooks: Omit<DrillHooks, "directory"> | undefined) {
  const directory = await temporaryFolder();
  const target: Target = {
    ...{ name: "prod", endpoints: [], origin: "test", settings: [] },
    tls: { kind: "insecure-loopback" } as unknown as Target["tls"],
    ...(hooks === undefined ? {} : { hooks: { ...hooks, directory } }),
  };
  const deps = await systemDeps({ waitReady, standing }, () => undefined, {});
  const told = () => readFile(join(directory, "told"), "utf8");
  return { control: nodeControlOf(target, deps), told };
}

test("kill and start are the context's commands, with the node's name, in its folder", async () => {
  const { control, told } = await controlWith({
    kill: 'echo "kill $FLEET_HOOK_NODE" >> told',
    start: 'echo "start $FLEET_HOOK_NODE" >> told',
  });
  expect([...control.can].sort()).toEqual(["kill", "start"]);
  await control.kill("n2");
  await control.start("n2");
  expect(await told()).toBe("kill n2\nstart n2\n");
});

test.each([
  { hooks: undefined, can: [], why: "no hooks" },
  { hooks: { kill: "true" }, can: ["kill"], why: "one that only kills" },
  { hooks: { start: "true" }, can: ["start"], why: "one that only starts" },
])("what is possible follows from the hooks: $why", async ({ hooks, can }) => {
  const { control } = await controlWith(hooks);
  expect([...control.can]).toEqual(can);
});

test("a hook that fails says which, for which node, and why", async () => {
  const { control } = await controlWith({ kill: "echo no such host >&2; exit 3" });
  await expect(control.kill("n3")).rejects.toMatchObject({
    code: "HOOK_FAILED",
    parts: {
      what: "the context's hook kill failed for node n3",
      why: expect.stringContaining("no such host"),
    },
  });
});

test.each(["start", "stop", "pause", "resume", "wipe", "discard"] as const)(
  "%s without a hook is refused, and says what is missing",
  async (act) => {
    const { control } = await controlWith({ kill: "true" });
    await expect(control[act]("n1")).rejects.toMatchObject({ code: "DRILL_NOT_POSSIBLE" });
  },
);
