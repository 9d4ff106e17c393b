import { describe, expect, test } from "vitest";
import { expandTemplate } from "../../../src/core/rebind/template.ts";

const VALUES = { cluster: "c1", from: "s1", to: "s2", address: "10.0.0.2:7100" };

describe("a template becomes an argument vector", () => {
  test.each([
    {
      template: "helm upgrade {cluster} chart --set shardAddress={address}",
      argv: ["helm", "upgrade", "c1", "chart", "--set", "shardAddress=10.0.0.2:7100"],
      why: "placeholders within words",
    },
    { template: "  a \t b\nc ", argv: ["a", "b", "c"], why: "any white space splits" },
    { template: "move '{from} {to}' x", argv: ["move", "s1 s2", "x"], why: "quotes keep words together" },
    { template: 'say "it\'s \\"{to}\\"" \'\'', argv: ["say", 'it\'s "s2"', ""], why: "quotes within quotes" },
    { template: "a\\ b 'c\\d' \"e\\f\"", argv: ["a b", "c\\d", "e\\f"], why: "backslashes as in POSIX" },
    { template: "pre'{to}'\"post\"", argv: ["pres2post"], why: "adjacent parts are one word" },
    { template: `set '{"a":1}' {} {1}`, argv: ["set", '{"a":1}', "{}", "{1}"], why: "other braces are text" },
    { template: "sh -c 'a | b > $OUT'", argv: ["sh", "-c", "a | b > $OUT"], why: "a shell when asked for" },
    { template: "a \\| \\$b", argv: ["a", "|", "$b"], why: "escaped signs are text" },
  ])("$why", ({ template, argv }) => expect(expandTemplate(template, VALUES)).toEqual({ ok: true, argv }));
});

describe("a bad template is an error", () => {
  test.each([
    { template: "", what: "the command is empty", why: "nothing to run" },
    { template: " \n", what: "the command is empty", why: "nothing to run" },
    { template: "'' {to}", what: "the command is empty", why: "a program has a name" },
    {
      template: "run {shard}",
      what: "unknown placeholder {shard}",
      why: "it would be passed on as it stands",
    },
    {
      template: "run {toString}",
      what: "unknown placeholder {toString}",
      why: "inherited names are no values",
    },
    { template: "run 'a", what: "a ' is not closed", why: "where does the word end?" },
    { template: 'run "a\\"', what: 'a " is not closed', why: "the closing one is escaped" },
    { template: "run \\", what: "the command ends in a backslash", why: "nothing to escape" },
    {
      template: "a | b",
      what: "there is no shell to interpret |: escape it, or use sh -c '…'",
      why: "no pipe",
    },
    {
      template: "a > b",
      what: "there is no shell to interpret >: escape it, or use sh -c '…'",
      why: "no file",
    },
    {
      template: 'a "$B"',
      what: "there is no shell to interpret $: escape it, or use sh -c '…'",
      why: "no variable",
    },
  ])("$what: $why", ({ template, what }) => {
    expect(expandTemplate(template, VALUES)).toEqual({ ok: false, what });
  });

  test.each(["a b", "a;b", "$(b)", "", "a'b", "a\nb"])("a value %j that a shell could act on", (address) => {
    const expanded = expandTemplate("run {address}", { ...VALUES, address });
    expect(expanded).toEqual({ ok: false, what: "the value of {address} is not a name or address" });
  });
});
