// Candidates for a line that is being typed, by the real manifest.

import { expect, test } from "vitest";
import { complete, spelled } from "../../../../../src/ui/model/completion/complete.ts";
import { wantedByArgument, wantedByFlag } from "../../../../../src/ui/model/completion/name-kinds.ts";
import { joinBashWords } from "../../../../../src/ui/model/completion/shell-words.ts";
import { manifest } from "../../../../cli/manifest.ts";

const known = manifest as unknown as Parameters<typeof complete>[0];
const typed = (line: string) => complete({ commands: known.commands, topics: {} }, line.split(" "));
const values = (line: string) => typed(line).candidates.map(({ value }) => value);

test.each([
  { line: "sha", has: ["shard"], why: "topics" },
  { line: "stat", has: ["status"], why: "commands" },
  { line: "shard s", has: ["show"], why: "commands of a topic" },
  { line: "shard show s1 --arch", has: ["--archive"], why: "flags" },
  { line: "status -o j", has: ["json", "jsonl"], why: "values of a flag by its letter" },
  { line: "status --output=j", has: ["--output=json", "--output=jsonl"], why: "values behind =" },
  { line: "shard list --archive x --arch", has: [], why: "a flag is not proposed twice" },
  { line: "nonsense ", has: [], why: "no such command" },
  { line: "shard show -- --arch", has: [], why: "behind -- there are no flags" },
  { line: "completion f", has: ["fish"], why: "values of an argument" },
])("fleet $line| $why", ({ line, has }) => expect(values(line)).toEqual(has));

test("hidden commands and flags are not proposed", () => {
  expect(values("comple")).toEqual(["completion"]);
});

test.each([
  { line: "shard show ", wanted: { kind: "shard", head: "", prefix: "" } },
  { line: "shard activate s", wanted: { kind: "any-shard", head: "", prefix: "s" } },
  { line: "shard forget s", wanted: { kind: "any-shard", head: "", prefix: "s" } },
  { line: "rebind c1 c", wanted: { kind: "cluster", head: "", prefix: "c" } },
  { line: "rebind c1 --to=s", wanted: { kind: "shard", head: "--to=", prefix: "s" } },
  { line: "shard evacuate s1 --to s2,s", wanted: { kind: "shard", list: true, head: "s2,", prefix: "s" } },
  { line: "leader transfer ", wanted: { kind: "node", head: "", prefix: "" } },
  { line: "leader transfer --to ", wanted: { kind: "node", head: "", prefix: "" } },
  { line: "member remove ", wanted: { kind: "node", head: "", prefix: "" } },
  { line: "context use p", wanted: { kind: "context", head: "", prefix: "p" } },
  { line: "status --context p", wanted: { kind: "context", head: "", prefix: "p" } },
  { line: "status --dir ", wanted: { kind: "files", head: "", prefix: "" } },
  { line: "role grant oncall --to ", wanted: null },
  { line: "shard show s1 ", wanted: null },
  { line: "kv get ", wanted: null },
])("fleet $line| asks for names", ({ line, wanted }) => expect(typed(line).wanted).toEqual(wanted));

test("the flags that name the fleet are handed on", () => {
  const { given } = typed("shard show --context prod --insecure-loopback --endpoints=a:1,b:2 s");
  expect([...given]).toEqual([
    ["context", "prod"],
    ["insecure-loopback", ""],
    ["endpoints", "a:1,b:2"],
  ]);
});

test.each([
  { words: ["rebind", "c1", "--to", "=", "s"], joined: ["rebind", "c1", "--to=s"], kept: "--to=" },
  { words: ["rebind", "c1", "--to", "="], joined: ["rebind", "c1", "--to="], kept: "--to=" },
  { words: ["rebind", "c1", "--to", "=", "s1", ""], joined: ["rebind", "c1", "--to=s1", ""], kept: "" },
  { words: ["shard", "show", "s"], joined: ["shard", "show", "s"], kept: "" },
])("bash's words $words are $joined", ({ words, joined, kept }) =>
  expect(joinBashWords(words)).toEqual({ words: joined, kept }),
);

test("each command that has a shard, cluster, node, context or plan as its argument asks for its names", () => {
  const kinds = Object.entries(known.commands).flatMap(([id, { args }]) =>
    Object.keys(args).flatMap((name) => (/^(shard|cluster|node|plan)$/.test(name) ? [{ id, name }] : [])),
  );
  const silent = kinds.filter(({ id, name }) => wantedByArgument(id, name) === null);
  expect(silent.map(({ id }) => id).sort()).toEqual(["member:add", "shard:adopt"]);
  const flags = Object.entries(known.commands).flatMap(([id, command]) =>
    ["shard", "cluster", "node", "context"]
      .filter((name) => name in command.flags)
      .map((name) => ({ id, name })),
  );
  expect(flags.filter(({ id, name }) => wantedByFlag(id, name) === null)).toEqual([]);
});

test.each([
  {
    line: "fleet shard show --endpoints 127.0.0.1:7001,127.0.0.2:7001 s",
    words: ["shard", "show", "--endpoints", "127.0.0.1", ":", "7001,127.0.0.2", ":", "7001", "s"],
    joined: ["shard", "show", "--endpoints", "127.0.0.1:7001,127.0.0.2:7001", "s"],
    kept: "",
  },
  {
    line: "fleet status --endpoints=h:70",
    words: ["status", "--endpoints", "=", "h", ":", "70"],
    joined: ["status", "--endpoints=h:70"],
    kept: "--endpoints=h:",
  },
  { line: "fleet x a@", words: ["x", "a", "@"], joined: ["x", "a@"], kept: "a@" },
  { line: "fleet x a = b", words: ["x", "a", "=", "b"], joined: ["x", "a", "=", "b"], kept: "" },
  { line: "fleet x a= ", words: ["x", "a", "=", ""], joined: ["x", "a=", ""], kept: "" },
  // The cursor stands in the word.
  {
    line: "fleet shard show ea",
    words: ["shard", "show", "east"],
    joined: ["shard", "show", "ea"],
    kept: "",
  },
  // Another line than the words': joined without it.
  { line: "é", words: ["x", "a", ":", "b"], joined: ["x", "a:b"], kept: "a:" },
])("of $line bash's words $words are $joined", ({ line, words, joined, kept }) =>
  expect(joinBashWords(words, line)).toEqual({ words: joined, kept }),
);

test("only what the fleet's rule calls a name is proposed, as no other text is safe in a shell", () => {
  const hostile = [
    "t$(touch${IFS}/tmp/x)",
    "a;reboot",
    "a`b`",
    "a b",
    "a\nb",
    "-rf",
    "~root",
    "a\u001b[2J",
    "A",
    "",
  ];
  expect(spelled({ head: "s1," }, [...hostile, "s2", "east-1.a_b"])).toEqual(["s1,s2 ", "s1,east-1.a_b "]);
});
