// The readers of history files (test/histories), and the recorder that both of them feed.

import { describe, expect, test } from "vitest";
import { HistoryRecorder } from "../../../src/core/check/history-recorder.ts";
import { parseJepsen } from "../../histories/parse-jepsen.ts";
import { parseKeyValue } from "../../histories/parse-kv.ts";

describe("a log of Jepsen", () => {
  const event = (text: string) => `INFO  jepsen.util - ${text}`;

  test.each([
    {
      why: "a read's answer may be absent",
      lines: ["0\t:invoke\t:read\tnil", "0\t:ok\t:read\tnil"],
      history: [
        {
          process: 0,
          call: 1,
          input: { kind: "read" },
          completion: { at: 2, output: { kind: "value", value: null } },
        },
      ],
    },
    {
      why: "a failed cas saw another value",
      lines: ["3 :invoke :cas [4 0]", "3 :fail :cas [4 0]"],
      history: [
        {
          process: 3,
          call: 1,
          input: { kind: "cas", from: 4, to: 0 },
          completion: { at: 2, output: { kind: "mismatch" } },
        },
      ],
    },
    {
      why: "a write that timed out stays open",
      lines: ["3 :invoke :write 4", "3 :info :write :timed-out"],
      history: [{ process: 3, call: 1, input: { kind: "write", value: 4 }, completion: null }],
    },
    {
      why: "so does a cas that the log leaves without an end",
      lines: ["3 :invoke :cas [1 2]"],
      history: [{ process: 3, call: 1, input: { kind: "cas", from: 1, to: 2 }, completion: null }],
    },
    {
      why: "a read that timed out is dropped",
      lines: ["0 :invoke :read nil", "0 :fail :read :timed-out"],
      history: [],
    },
    { why: "a write that failed never was", lines: ["0 :invoke :write 1", "0 :fail :write 1"], history: [] },
  ])("$why", ({ lines, history }) => {
    expect(parseJepsen(lines.map(event).join("\r\n"))).toEqual(history);
  });

  test("lines of any other shape are ignored", () => {
    const lines = [
      "INFO  jepsen.core - Worker 0 starting",
      event(":nemesis :info :start nil"),
      "",
      "0 :ok :read 4",
    ];
    expect(parseJepsen(lines.join("\n"))).toEqual([]);
  });

  test.each([
    { line: "0 :ok :read 4", error: "nothing under way" },
    { line: "0 :invoke :write x", error: "not a number" },
    { line: "0 :invoke :cas [1]", error: "not a pair of numbers" },
  ])("$line: $error", ({ line, error }) => {
    expect(() => parseJepsen(event(line))).toThrow(error);
  });
});

describe("a key-value history", () => {
  test("appends, gets and what never returned", () => {
    const lines = [
      '{:process 4, :type :invoke, :f :append, :key "1", :value "x 4 0 y"}',
      '{:process 0, :type :invoke, :f :get, :key "1", :value nil}',
      '{:process 0, :type :ok, :f :get, :key "1", :value ""}',
      '{:value "a\\"b\\\\c\\n\\u0041", :key "1", :f :put, :type :invoke, :process 1}',
      '{:process 1, :type :ok, :f :put, :key "1", :value "whatever"}',
      '{:process 2, :type :invoke, :f :get, :key "2", :value nil}',
      '{:process 2, :type :fail, :f :get, :key "2", :value nil}',
    ];
    expect(parseKeyValue(`${lines.join("\r\n")}\n`)).toEqual([
      { process: 4, call: 1, input: { kind: "append", key: "1", value: "x 4 0 y" }, completion: null },
      { process: 0, call: 2, input: { kind: "get", key: "1" }, completion: { at: 3, output: "" } },
      {
        process: 1,
        call: 4,
        input: { kind: "put", key: "1", value: 'a"b\\c\nA' },
        completion: { at: 5, output: null },
      },
    ]);
  });

  test.each([
    { line: "nonsense", why: "no map" },
    { line: "{:process 1, :type :invoke, :f :get, :key nonsense}", why: "a value that is none" },
    { line: '{:process 1, :type :invoke, :f :delete, :key "1", :value nil}', why: "an unknown operation" },
    { line: '{:process 1, :type :ok, :f :get, :key "1", :value ""}', why: "a return without a call" },
    { line: '{:process 1, :type :invoke, :f :put, :key "1"}', why: "a put without a value" },
  ])("$why is an error that names the line", ({ line }) => {
    expect(() => parseKeyValue(`\n${line}`)).toThrow(`line 2: ${line}`);
  });
});

test("a process that invokes again has given up on what it had under way", () => {
  const recorder = new HistoryRecorder<string, string>();
  recorder.invoke(1, "first");
  recorder.invoke(1, "second");
  recorder.complete(1, "done");
  expect(recorder.history()).toEqual([
    { process: 1, call: 1, input: "first", completion: null },
    { process: 1, call: 2, input: "second", completion: { at: 3, output: "done" } },
  ]);
});
