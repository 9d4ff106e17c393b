import { expect, test } from "vitest";
import { Histogram } from "../../../src/core/base/histogram.ts";
import { Exposition } from "../../../src/core/metrics/exposition.ts";
import { parseExposition, sampleOf } from "./parse-exposition.ts";

test("a value stands behind its HELP and TYPE, in the order of the catalog", () => {
  const exposition = new Exposition();
  exposition.set("fleet_raft_term", 7);
  exposition.set("fleet_ready", true);
  expect(exposition.text()).toBe(
    [
      "# HELP fleet_ready 1 if /readyz reports that this process is ready.",
      "# TYPE fleet_ready gauge",
      "fleet_ready 1",
      "# HELP fleet_raft_term The current term.",
      "# TYPE fleet_raft_term gauge",
      "fleet_raft_term 7",
      "",
    ].join("\n"),
  );
});

test.each(["n1", 'a "quoted" name', "a back\\slash", "two\nlines", "n\\n", 'end"}', ""])(
  "a label's value reads back as it was: %j",
  (peer) => {
    const exposition = new Exposition();
    exposition.set("fleet_raft_follower_lag_entries", 3, { peer });
    expect(sampleOf(exposition.text(), "fleet_raft_follower_lag_entries", { peer })).toBe(3);
  },
);

test("what is unknown is left out, with its HELP", () => {
  const exposition = new Exposition();
  exposition.set("fleet_snapshot_age_seconds", null);
  expect(exposition.text()).toBe("");
});

test("a distribution of milliseconds is exposed in seconds, cumulative, with all in +Inf", () => {
  const histogram = new Histogram([0.05, 1, 100]);
  for (const ms of [0.01, 0.5, 50, 5_000]) histogram.record(ms);
  const exposition = new Exposition();
  exposition.setDurations("fleet_apply_duration_seconds", histogram.snapshot());
  const [family] = parseExposition(exposition.text());
  expect(family).toMatchObject({ name: "fleet_apply_duration_seconds", type: "histogram" });
  expect(family?.samples.map(({ name, labels, value }) => [name, labels["le"], value])).toEqual([
    ["fleet_apply_duration_seconds_bucket", "0.00005", 1],
    ["fleet_apply_duration_seconds_bucket", "0.001", 2],
    ["fleet_apply_duration_seconds_bucket", "0.1", 3],
    ["fleet_apply_duration_seconds_bucket", "+Inf", 4],
    ["fleet_apply_duration_seconds_sum", undefined, 5.05051],
    ["fleet_apply_duration_seconds_count", undefined, 4],
  ]);
});

test("a value without its label, or with another's, is a bug", () => {
  const exposition = new Exposition();
  expect(() => exposition.set("fleet_raft_follower_lag_entries", 1)).toThrow("exactly its metric's labels");
  expect(() => exposition.set("fleet_raft_term", 1, { peer: "n1" })).toThrow("exactly its metric's labels");
  expect(() => exposition.set("fleet_apply_duration_seconds", 1)).toThrow("snapshot");
});
