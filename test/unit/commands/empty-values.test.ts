// Every flag and argument that takes a text, of every command. An empty value most likely comes from a shell variable
// that is not set. It is wrong usage before anything is asked or done.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "@oclif/core/command";
import { expect, test } from "vitest";
import { run } from "./harness.ts";

const COMMANDS = fileURLToPath(new URL("../../../src/commands", import.meta.url));
/** An empty region is no region: the one empty value that says something. */
const MEANINGFUL = ["provider set --region"];

const paths = readdirSync(COMMANDS, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith(".ts"),
);

interface Case {
  readonly name: string;
  readonly id: string;
  readonly command: typeof Command & { run(argv: string[]): Promise<unknown> };
  readonly argv: readonly string[];
}

interface Option {
  readonly type?: string;
  readonly required?: boolean;
}

async function cases(path: string): Promise<Case[]> {
  const { default: command } = await import(`${COMMANDS}/${path}`);
  const id = path.replace(/(\/index)?\.ts$/, "").replaceAll("/", ":");
  // Base flags are read at one place: one command stands for all.
  const base = id === "status" ? command.baseFlags : {};
  const flags: [string, Option][] = Object.entries({ ...base, ...command.flags });
  const args: [string, Option][] = Object.entries(command.args ?? {});
  // What is required is there: an empty value must not hide behind a missing one.
  const required = flags.filter(([, { required: isRequired }]) => isRequired === true);
  const words = args.filter(([, { required: isRequired }]) => isRequired === true).map(() => "x");
  return flags.flatMap(([flag, { type }]) => {
    if (type !== "option") return [];
    const others = required.flatMap(([name]) => (name === flag ? [] : [`--${name}=1`]));
    return [
      {
        name: `${id.replaceAll(":", " ")} --${flag}`,
        id,
        command,
        argv: [...words, ...others, `--${flag}=`],
      },
    ];
  });
}

const all = (await Promise.all(paths.map(cases))).flat();

test("there are some hundreds of them", () => expect(all.length).toBeGreaterThan(200));

test.each([...Map.groupBy(all, ({ id }) => id)])(
  "%s refuses each empty value as wrong usage",
  async (_, own) => {
    const taken: string[] = [];
    for (const { name, id, command, argv } of own) {
      if (MEANINGFUL.includes(name)) continue;
      const { exit, stderr } = await run(command, id, argv);
      if (exit !== 2 || !stderr.includes("FLEET_E_USAGE"))
        taken.push(`${name}: exits with ${exit}: ${stderr}`);
    }
    expect(taken).toEqual([]);
  },
);

test.each([
  { id: "leader:transfer", argv: ["--to", ""], says: "--to is empty" },
  { id: "verify", argv: ["--data", ""], says: "--data is empty" },
  { id: "audit:list", argv: ["--actor", ""], says: "--actor is empty" },
  {
    id: "rebind:plan",
    argv: ["--cluster", "c1", "--to", "s2", "--command", ""],
    says: "--command is empty",
  },
  { id: "shard:show", argv: [""], says: "the argument SHARD is empty" },
  { id: "watch", argv: ["shards", ""], says: "an argument is empty" },
  { id: "rebind:index", argv: ["c1", "", "--to", "s2"], says: "an argument is empty" },
])("$id $argv: $says", async ({ id, argv, says }) => {
  const { default: command } = await import(`${COMMANDS}/${id.replaceAll(":", "/")}.ts`);
  expect(await run(command, id, argv)).toMatchObject({ exit: 2, stderr: expect.stringContaining(says) });
});

test("a time-out that leaves no time begins nothing", async () => {
  const { default: Rebind } = await import("../../../src/commands/rebind/index.ts");
  const ran = await run(Rebind, "rebind", ["--cluster", "c1", "--to", "s2", "--timeout", "0s"]);
  expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining("a timeout of 0s leaves no time") });
});

test.each([
  { duration: "0s", says: "--duration 0s measures nothing" },
  { duration: "11m", says: "--duration 11m is longer than the 10m" },
  { duration: "3", says: "3 is not a duration" },
])("check perf --duration $duration loads nothing", async ({ duration, says }) => {
  const { default: Perf } = await import("../../../src/commands/check/perf.ts");
  const ran = await run(Perf, "check:perf", ["--duration", duration, "--yes"]);
  expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining(says) });
});
