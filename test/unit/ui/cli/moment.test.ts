// Moments in the zone of the operator, or in UTC.

import { afterEach, expect, test, vi } from "vitest";
import { momentIn } from "../../../../src/ui/cli/moment.ts";

const AT_MS = Date.UTC(2026, 6, 1, 22, 5, 9, 7);

afterEach(() => vi.unstubAllEnvs());

test.each([
  { zone: "UTC", shown: "2026-07-01T22:05:09.007Z", why: "no offset" },
  { zone: "Europe/Berlin", shown: "2026-07-02T00:05:09.007+02:00", why: "the next day there" },
  { zone: "America/New_York", shown: "2026-07-01T18:05:09.007-04:00", why: "behind UTC" },
  { zone: "Asia/Kathmandu", shown: "2026-07-02T03:50:09.007+05:45", why: "an offset with minutes" },
])("in $zone it is $shown: $why", ({ zone, shown }) => {
  vi.stubEnv("TZ", zone);
  expect(momentIn(false)(AT_MS)).toBe(shown);
  expect(momentIn(false)("2026-07-01T22:05:09.007Z")).toBe(shown);
  expect(momentIn(true)(AT_MS)).toBe("2026-07-01T22:05:09.007Z");
});

test("what is no time stays as it is", () => {
  expect(momentIn(false)("")).toBe("");
  expect(momentIn(true)("soon")).toBe("soon");
});
