import { describe, expect, test } from "vitest";
import { actionFor, NO_KEY, pressesOf } from "../../../../../src/ui/model/top/keys.ts";

test.each([
  { input: "q", action: { kind: "quit" }, why: "" },
  { input: "c", press: { ctrl: true }, action: { kind: "interrupt" }, why: "raw mode makes Ctrl-C a key" },
  { input: "l", press: { ctrl: true }, action: { kind: "redraw" }, why: "" },
  { input: "z", press: { ctrl: true }, action: null, why: "other control keys mean nothing" },
  { input: "?", action: { kind: "toggle-help" }, why: "" },
  { input: "p", action: { kind: "toggle-pause" }, why: "" },
  { input: "d", action: { kind: "toggle-drift-only" }, why: "" },
  { input: "2", action: { kind: "show-view", view: "groups" }, why: "" },
  { input: "", press: { tab: true }, action: { kind: "turn-view", by: 1 }, why: "" },
  { input: "", press: { tab: true, shift: true }, action: { kind: "turn-view", by: -1 }, why: "" },
  { input: "s", action: { kind: "turn-sort", by: 1 }, why: "" },
  { input: "S", action: { kind: "turn-sort", by: -1 }, why: "" },
  { input: "y", action: { kind: "copy" }, why: "" },
  { input: ":", action: { kind: "begin-command" }, why: "" },
  { input: "0", action: { kind: "show-view", view: "overview" }, why: "" },
  { input: "", press: { return: true }, action: { kind: "open" }, why: "" },
  { input: "", press: { escape: true }, action: { kind: "back" }, why: "" },
  { input: "", typing: true, press: { tab: true }, action: { kind: "complete" }, why: "" },
  { input: "r", action: { kind: "reverse-sort" }, why: "" },
  { input: "j", action: { kind: "move", by: 1 }, why: "as in vi" },
  { input: "", press: { upArrow: true }, action: { kind: "move", by: -1 }, why: "" },
  { input: "", press: { pageDown: true }, action: { kind: "move", by: 10 }, why: "" },
  { input: "", press: { end: true }, action: { kind: "move", by: Number.POSITIVE_INFINITY }, why: "" },
  { input: "/", action: { kind: "begin-filter" }, why: "" },
  { input: "x", action: null, why: "no meaning" },
  { input: "q", typing: true, action: { kind: "type", text: "q" }, why: "letters are text while typing" },
  { input: "", typing: true, press: { backspace: true }, action: { kind: "erase" }, why: "" },
  { input: "", typing: true, press: { return: true }, action: { kind: "end-prompt" }, why: "" },
  { input: "", typing: true, press: { escape: true }, action: { kind: "back" }, why: "" },
  {
    input: "c",
    typing: true,
    press: { ctrl: true },
    action: { kind: "interrupt" },
    why: "Ctrl-C always works",
  },
])("$input $press typing=$typing: $why", ({ input, press = {}, typing = false, action }) => {
  expect(actionFor(input, { ...NO_KEY, ...press }, typing)).toEqual(action);
});

describe("a chunk of several keys", () => {
  const actions = (input: string, typing = false) =>
    pressesOf(input, NO_KEY).map((press) => actionFor(press.input, press.key, typing)?.kind ?? null);

  test.each([
    { input: "djj", kinds: ["toggle-drift-only", "move", "move"], why: "typed fast" },
    { input: "x2", kinds: [null, "show-view"], why: "what means nothing hides nothing" },
    { input: "\t\t", kinds: ["turn-view", "turn-view"], why: "a held tab" },
  ])("$input: $why", ({ input, kinds }) => expect(actions(input)).toEqual(kinds));

  test("into a filter: text, its end, and no control characters", () => {
    expect(actions("a\u0001\u{1F600}\r", true)).toEqual(["type", null, "type", "end-prompt"]);
  });

  test("one key stays what it was", () => {
    const up = { ...NO_KEY, upArrow: true };
    expect(pressesOf("", up)).toEqual([{ input: "", key: up }]);
  });
});
