import { expect, test } from "vitest";
import { SILENT_AFTER_MS, silentRunners } from "../../../../src/client/rebind/waves/silent-runners.ts";
import { Plan } from "../../../../src/core/wire/gen/fleet/v1/command.ts";

const plans = [Plan.fromPartial({ planId: "p1", runner: "vm:1" })];

test.each([
  {
    runners: [{ planId: "p1", silentMs: SILENT_AFTER_MS + 1 }],
    silent: ["p1"],
    why: "longer than a takeover waits",
  },
  { runners: [{ planId: "p1", silentMs: SILENT_AFTER_MS }], silent: [], why: "it may still renew" },
  { runners: [{ planId: "p2", silentMs: 60_000 }], silent: [], why: "its plan is on another page" },
  { runners: [], silent: [], why: "another replica than the leader has answered" },
  { runners: undefined, silent: [], why: "a bundle of an older build has none" },
])("silent: $silent, since $why", ({ runners, silent }) => {
  const listed = runners === undefined ? { plans } : { plans, runners };
  expect(silentRunners(listed).map(({ plan }) => plan.planId)).toEqual(silent);
});
