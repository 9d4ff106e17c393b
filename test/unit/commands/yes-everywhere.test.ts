// Scripts give --yes to every command of a plan's life: none refuses it.

import { expect, test } from "vitest";
import RebindApply from "../../../src/commands/rebind/apply.ts";
import RebindResume from "../../../src/commands/rebind/resume.ts";
import RebindRollback from "../../../src/commands/rebind/rollback.ts";

test.each([
  { command: "apply", flags: RebindApply.flags },
  { command: "resume", flags: RebindResume.flags },
  { command: "rollback", flags: RebindRollback.flags },
])("fleet rebind $command takes --yes", ({ flags }) => expect(Object.keys(flags)).toContain("yes"));
