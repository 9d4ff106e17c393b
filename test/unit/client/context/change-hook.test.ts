// A context's hook: it is told what is about to happen, and whatever is not a plain yes is a no.

import { expect, test } from "vitest";
import { askHook } from "../../../../src/client/context/change-hook.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { failureOf } from "../local/fakes.ts";

const change = { context: "prod", command: "cluster bind", reason: "a 'quoted' reason" };

const ask = async (command: string) => askHook({ command, directory: await temporaryFolder() }, change);

test("it is told the context, the command and the reason, and agrees by ending well", async () => {
  const facts = '"$FLEET_HOOK_CONTEXT|$FLEET_HOOK_COMMAND|$FLEET_HOOK_REASON"';
  await ask(`test ${facts} = "prod|cluster bind|a 'quoted' reason"`);
});

test("it runs in the folder of contexts.yaml", async () => {
  const directory = await temporaryFolder();
  await askHook({ command: `test "$(pwd -P)" = "$(cd '${directory}' && pwd -P)"`, directory }, change);
});

test.each([
  { command: "echo freeze until monday; exit 3", says: "exited with 3", why: "freeze until monday" },
  { command: "echo no >&2; false", says: "exited with 1", why: "no" },
  { command: "no-such-program-here", says: "exited with 127", why: "no-such-program-here" },
  { command: "false", says: "exited with 1", why: "it printed nothing: false" },
  { command: "kill -9 $$", says: "failed", why: "it printed nothing" },
])("$command refuses: $says", async ({ command, says, why }) => {
  const failure = await failureOf(ask(command));
  expect(failure).toMatchObject({ code: "CHANGE_REFUSED", exit: Exit.Precondition });
  expect(failure["what"]).toContain(says);
  expect(failure["what"]).toContain("context prod");
  expect(failure["why"]).toContain(why);
});

test("a hook whose folder is gone refuses too", async () => {
  const gone = { command: "true", directory: "/nonexistent/folder" };
  expect(await failureOf(askHook(gone, change))).toMatchObject({ code: "CHANGE_REFUSED" });
});
