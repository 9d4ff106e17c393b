import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { createDirectory } from "../../../../src/core/base/durable-file.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { paintFor } from "../../../../src/ui/cli/color.ts";
import { unknownCommand } from "../../../../src/ui/cli/command-not-found.ts";
import { bugFailure, expectedFailure, failureJson, failureText } from "../../../../src/ui/cli/failure.ts";
import { usageError } from "../../../../src/ui/cli/usage-error.ts";

const plain = paintFor(false);

test("an operator's error keeps its exit code and shows only the facts that it has", () => {
  const error = new OperatorError("CLUSTER_ALREADY_BOUND", {
    what: "cluster c1 is bound to s1",
    next: "move it with: fleet rebind c1 --to s2",
    exit: Exit.Precondition,
  });
  const failure = expectedFailure(error);
  expect(failure?.exit).toBe(9);
  expect(failure && failureText(failure, plain).split("\n")).toEqual([
    "error: cluster c1 is bound to s1 [FLEET_E_CLUSTER_ALREADY_BOUND]",
    "  next: move it with: fleet rebind c1 --to s2",
  ]);
});

test("as JSON every fact has its key, and a version is a text", () => {
  const json = (current: { readonly current?: string }) => {
    const error = new OperatorError("VERSION_CONFLICT", {
      what: "the version of shard s1 is 4, not 7",
      exit: Exit.Precondition,
      ...current,
    });
    const failure = expectedFailure(error);
    return failure && JSON.parse(failureJson(failure, true));
  };
  const about = { code: "FLEET_E_VERSION_CONFLICT", exit: 9, what: "the version of shard s1 is 4, not 7" };
  const unsaid = { endpoint: null, next: null, why: null };
  expect(json({ current: "4" }).error).toEqual({ ...about, ...unsaid, current: "4" });
  expect(json({}).error).toEqual({ ...about, ...unsaid, current: null });
});

test.each([
  { error: new TypeError("x is not a function\n    at secret.ts:1"), why: "one line, without the stack" },
  { error: "x is not a function", why: "whatever is thrown" },
])("what nobody foresaw is a bug: $why", ({ error }) => {
  expect(expectedFailure(error)).toBeNull();
  expect(failureText(bugFailure(error, "/state/crash.txt"), plain)).toBe(
    "error: this is a bug in fleet: x is not a function (details: /state/crash.txt) [FLEET_E_BUG]",
  );
});

test.each([
  { act: () => mkdir("/dev/null/x"), says: "ENOTDIR: not a directory, mkdir '/dev/null/x'" },
  {
    act: () => writeFile(tmpdir(), ""),
    says: `EISDIR: illegal operation on a directory, open '${tmpdir()}'`,
  },
  {
    act: () => createDirectory("/proc/self/x"),
    says: "EOPNOTSUPP: no folder can be made on this file system, mkdir '/proc/self/x'",
  },
])("a path that the file system refuses is no bug: $says", async ({ act, says }) => {
  const failure = expectedFailure(await act().catch((error: unknown) => error));
  expect(failure).toMatchObject({ code: "FLEET_E_FILE_SYSTEM", exit: 1, what: says });
});

test("a disk that fails is no bug, and another path is no help", () => {
  const message = "EIO: i/o error, fsync '/data/snap/x.tmp'";
  const broken = Object.assign(new Error(message), { code: "EIO", path: "/data/snap/x.tmp" });
  const next = expect.stringContaining("repair the disk");
  expect(expectedFailure(broken)).toMatchObject({ code: "FLEET_E_FILE_SYSTEM", what: message, next });
});

test("that a connection or a port is refused is not the file system's doing", () => {
  const refused = Object.assign(new Error("listen EACCES: 127.0.0.1:80"), {
    code: "EACCES",
    syscall: "listen",
  });
  expect(expectedFailure(refused)).toBeNull();
});

describe("usage", () => {
  const words = { command: "shard list", flags: ["columns", "sort", "output"] };
  test.each([
    {
      message: "Nonexistent flags: --a, --b\nSee more help with --help",
      what: "unknown flags: --a, --b",
      why: "no hint at help in the middle",
    },
    {
      message:
        "The following error occurred:\n  \u001b[2mMissing required flag cluster\u001b[22m\nSee more help with --help",
      what: "missing required flag cluster",
      why: "no colour, no list",
    },
    {
      message:
        "The following errors occurred:\n  Missing required flag cluster\n  Missing required flag shard\nSee more help with --help",
      what: "missing required flag cluster, shard",
      why: "all that is missing at once",
    },
    {
      message: "Parsing --timeout \n\t5 is not a duration\nSee more help with --help",
      what: "--timeout: 5 is not a duration",
      why: "one line",
    },
    {
      message: "Missing 1 required arg:\nname  Name of the context\nSee more help with --help",
      what: "missing 1 required arg: name  Name of the context",
      why: "one line",
    },
    {
      message:
        "The following error occurred:\n  --dry-run=true cannot also be provided when using --wait\nSee more help with --help",
      what: "--dry-run and --wait contradict each other",
      why: "a flag without a value",
    },
  ])("$why", ({ message, what }) =>
    expect(usageError(new Error(message), words).parts).toMatchObject({ what, exit: 2 }),
  );

  test("a flag of ours that says what is wrong keeps its words", () => {
    const own = new OperatorError("USAGE", { what: "5 is not a duration", exit: Exit.Usage });
    expect(usageError(own, words)).toBe(own);
  });
});

describe("unknown commands", () => {
  const known = ["status", "top", "shard list", "cluster list", "cluster bind"];
  test.each([
    { typed: "statsu", next: 'did you mean "fleet status"?', why: "a typo" },
    { typed: "shard lst", next: 'did you mean "fleet shard list"?', why: "a typo in the second word" },
    { typed: "clustr frobnicate", next: 'did you mean "fleet cluster"?', why: "the topic at least" },
    { typed: "frobnicate", next: "fleet --help", why: "nothing near" },
  ])("$typed: $why", ({ typed, next }) => {
    const failure = unknownCommand(typed, known);
    expect(failure.next).toContain(next);
    expect(failure.exit).toBe(127);
  });

  test.each([
    { typed: "drill pause-leader", means: "drill run pause-leader", why: "a drill" },
    {
      typed: "drill kill-follower",
      means: "drill run kill-follower",
      why: "a drill whose name is near a command",
    },
    { typed: "drill kil-follower", means: "drill run kill-follower", why: "a typo of a drill" },
    { typed: "drill kill-leadr", means: "drill kill-leader", why: "a typo of the command" },
  ])("$typed means no other fault: $why", ({ typed, means }) => {
    const { next } = unknownCommand(typed, ["drill run", "drill list", "drill kill-leader"]);
    expect(next).toContain(`did you mean "fleet ${means}"?`);
  });

  test.each([
    { words: "some words", why: "many" },
    { words: "s1", why: "one that is short enough for a typo of the command itself" },
  ])("words behind a command that takes none are a usage error, not another command: $why", ({ words }) => {
    const failure = unknownCommand(`shard:list:${words.replace(" ", ":")}`, known);
    expect(failure).toMatchObject({
      what: `unexpected argument: ${words}`,
      next: "fleet shard list --help",
      exit: 2,
    });
  });

  test("a word where a flag is wanted is told with the flag", () => {
    const required = (id: string) => (id === "shard:list" ? ["name"] : []);
    expect(unknownCommand("shard:list:s1", known, required)).toMatchObject({
      next: "did you mean --name s1? (fleet shard list --help)",
      exit: 2,
    });
    expect(unknownCommand("shard:list:s1:s2", known, required).next).toBe("fleet shard list --help");
  });

  test("a typo of a command below a command is one all the same", () => {
    expect(unknownCommand("rebind:pln", ["rebind:plan", "rebind"])).toMatchObject({
      next: expect.stringContaining('did you mean "fleet rebind plan"?'),
      exit: 127,
    });
  });
});
