// Durations, suggestions, sparklines, fitted text: the leaves that everything shown is made of.
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../../../src/core/base/duration.ts";
import { closest, editDistance } from "../../../../src/ui/model/closest.ts";
import { fitLine, fitText } from "../../../../src/ui/model/fit.ts";
import { segment } from "../../../../src/ui/model/paint.ts";
import { pushSample } from "../../../../src/ui/model/ring.ts";
import { sparkline } from "../../../../src/ui/model/sparkline.ts";
import { ASCII, UNICODE } from "../../../../src/ui/model/symbols.ts";
import { moveCursor, visibleWindow } from "../../../../src/ui/model/window.ts";

test.each([
  { text: "250ms", ms: 250, why: "milliseconds" },
  { text: "5s", ms: 5000, why: "seconds" },
  { text: "1m30s", ms: 90_000, why: "parts add up" },
  { text: "1.5h", ms: 5_400_000, why: "fractions" },
  { text: "5", ms: null, why: "a bare number would be guessed" },
  { text: "5 s", ms: null, why: "no spaces" },
  { text: "-5s", ms: null, why: "no negative time" },
  { text: "", ms: null, why: "nothing is not zero" },
])("parseDuration($text) is $ms: $why", ({ text, ms }) => expect(parseDuration(text)).toBe(ms));

test.each([
  { ms: -5, text: "0ms", why: "a clock that is ahead shows no negative age" },
  { ms: 45, text: "45ms", why: "" },
  { ms: 3210, text: "3.2s", why: "" },
  { ms: 9960, text: "10s", why: "rounding does not show 10.0s" },
  { ms: 90_400, text: "1m30s", why: "" },
  { ms: 7_500_000, text: "2h05m", why: "" },
  { ms: 273_600_000, text: "3d4h", why: "" },
])("formatDuration($ms) is $text $why", ({ ms, text }) => expect(formatDuration(ms)).toBe(text));

test.each([
  { from: "status", to: "status", distance: 0 },
  { from: "statsu", to: "status", distance: 1 },
  { from: "shrd", to: "shard", distance: 1 },
  { from: "", to: "top", distance: 3 },
])("$from to $to is $distance edits", ({ from, to, distance }) =>
  expect(editDistance(from, to)).toBe(distance),
);

test.each([
  { word: "statsu", best: "status", why: "two letters swapped" },
  { word: "Top", best: "top", why: "case does not matter" },
  { word: "frobnicate", best: null, why: "too far from anything to be meant" },
  { word: "yes", best: null, why: "one letter of three in common (key) is not near" },
  { word: "kye", best: "key", why: "but two letters swapped are" },
  { word: "json", best: null, why: "nor two of four (jobs)" },
])("closest to $word is $best: $why", ({ word, best }) => {
  expect(closest(word, ["status", "top", "shard list", "key", "jobs"])).toBe(best);
});

describe("sparkline", () => {
  test.each([
    { samples: [0, 1, 2, 4], width: 4, drawn: "▁▃▅█", why: "scaled to the highest shown" },
    { samples: [9, 0, 0], width: 2, drawn: "▁▁", why: "what is out of sight does not scale" },
    { samples: [1], width: 3, drawn: "  █", why: "the newest is on the right" },
    { samples: [1000, 1], width: 2, drawn: "█▂", why: "any activity shows as more than rest" },
    { samples: [1, 2], width: 0, drawn: "", why: "no room" },
  ])("$samples in $width: $why", ({ samples, width, drawn }) => {
    expect(sparkline(samples, width, UNICODE.bars)).toBe(drawn);
  });
  test("has an ASCII form", () => expect(sparkline([0, 4], 2, ASCII.bars)).toBe("_#"));
  test("a ring forgets its oldest sample", () => expect(pushSample([1, 2, 3], 4, 3)).toEqual([2, 3, 4]));
});

describe("window", () => {
  test.each([
    { count: 100, height: 10, cursor: 0, from: 0, to: 10, why: "the start" },
    { count: 100, height: 10, cursor: 50, from: 45, to: 55, why: "the cursor in the middle" },
    { count: 100, height: 10, cursor: 99, from: 90, to: 100, why: "the end, without a gap" },
    { count: 3, height: 10, cursor: 2, from: 0, to: 3, why: "everything fits" },
    { count: 0, height: 10, cursor: 0, from: 0, to: 0, why: "an empty list" },
    { count: 5, height: -2, cursor: 1, from: 1, to: 1, why: "no room at all" },
  ])("$count rows in $height at $cursor: $why", ({ count, height, cursor, from, to }) => {
    expect(visibleWindow(count, height, cursor)).toEqual({ from, to });
  });
  test.each([
    { cursor: 0, by: -1, count: 5, moved: 0, why: "not above the first" },
    { cursor: 3, by: Number.POSITIVE_INFINITY, count: 5, moved: 4, why: "to the last" },
    { cursor: 4, by: Number.NEGATIVE_INFINITY, count: 5, moved: 0, why: "to the first" },
    { cursor: 4, by: 0, count: 2, moved: 1, why: "rows went away under it" },
    { cursor: 0, by: 1, count: 0, moved: 0, why: "nowhere to go" },
  ])("cursor $cursor by $by of $count is $moved: $why", ({ cursor, by, count, moved }) => {
    expect(moveCursor(cursor, by, count)).toBe(moved);
  });
});

describe("fitting", () => {
  test.each([
    { text: "abc", width: 5, fitted: "abc  ", why: "padded" },
    { text: "abcdef", width: 4, fitted: "abc…", why: "cut" },
    { text: "a\u001b[31mb", width: 7, fitted: "a?[31mb", why: "an escape code of others does nothing" },
    { text: "日本", width: 3, fitted: "?? ", why: "wide glyphs would break the columns" },
    { text: "abc", width: 0, fitted: "", why: "no room" },
  ])("$text in $width: $why", ({ text, width, fitted }) => expect(fitText(text, width, "…")).toBe(fitted));

  test("a line of segments is cut in the segment that crosses the edge", () => {
    const line = fitLine([segment("abc", "good"), segment("defgh", "bad"), segment("never")], 6, "…");
    expect(line).toEqual([segment("abc", "good"), segment("de…", "bad")]);
  });
});
