// Completion in real shells, of names of a real cluster: bash's own, zsh's and fish's where they are installed.

import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SCRIPTS, type Shell } from "../../src/ui/model/completion/scripts.ts";
import { lacks } from "../lacks.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";
import { bindCluster, registerShard } from "./fleet-writes.ts";
import { program } from "./local-fleet.ts";

const run = promisify(execFile);
const DEADLINE = { deadlineMs: 60_000 };

let cluster: CoordinatorCluster;
let home: string;

beforeAll(async () => {
  home = await makeFolder();
  await mkdir(join(home, "bin"));
  await writeFile(join(home, "bin", "fleet"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  await chmod(join(home, "bin", "fleet"), 0o755);
  for (const [shell, script] of Object.entries(SCRIPTS))
    await writeFile(join(home, `fleet.${shell}`), script);
  cluster = await CoordinatorCluster.start({ size: 1, snapshotEvery: 10_000 });
  const client = cluster.client();
  for (const shard of ["east-1", "east-2", "west-1"]) await client.submit(registerShard(shard), DEADLINE);
  await client.submit(bindCluster("tenant-7", "east-1"), DEADLINE);
});
afterAll(async () => {
  await cluster.dispose();
  await removeFolder(home);
});

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: `${join(home, "bin")}:${process.env["PATH"]}`,
  HOME: home,
  XDG_CONFIG_HOME: join(home, "config"),
  // The clock of a busy machine is not what is tested.
  FLEET_COMPLETION_TIMEOUT: "20s",
  ...more,
});

/** A line of bash's words: it cuts them at these characters. */
const asTyped = (line: string): string => line.replaceAll("''", "").replaceAll(/ ([=:]) /g, "$1");

/** What the shell would propose for `line`, one a line. */
const ASKS: Readonly<Record<Shell, (line: string) => string>> = {
  bash: (line) => `. ./fleet.bash
    COMP_WORDS=(${line}); COMP_LINE=${JSON.stringify(asTyped(line))}; COMP_POINT=\${#COMP_LINE}; COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); compopt() { :; }
    _fleet; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (line) => `compdef() { :; }; . ./fleet.zsh
    _describe() { print -rl -- "\${(@)\${(P)2}%%:*}"; }; _files() { print files; }
    words=(${line}); CURRENT=$#words; _fleet`,
  fish: (line) => `source ./fleet.fish
    complete --do-complete ${JSON.stringify(line.replaceAll("''", ""))} | string replace -r '\\t.*' ''; true`,
};

async function proposed(shell: Shell, line: string, more?: NodeJS.ProcessEnv): Promise<string[]> {
  const { stdout, stderr } = await run(shell, ["-c", ASKS[shell](line)], { cwd: home, env: env(more) });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((each) => each !== "");
}

const isThere = (shell: Shell): boolean => spawnSync(shell, ["--version"]).status === 0;

describe.each(["bash", "zsh", "fish"] as const)("%s", (shell) => {
  const isLeftOut = lacks(shell, shell === "bash" || isThere(shell));
  test.skipIf(isLeftOut)("completes commands, flags, values and names", async () => {
    const fleet = cluster.flags.join(" ");
    expect(await proposed(shell, "fleet shard sh")).toEqual(["show"]);
    expect(await proposed(shell, "fleet shard list --colu")).toEqual(["--columns"]);
    expect(await proposed(shell, `fleet shard show ${fleet} ea`)).toEqual(["east-1", "east-2"]);
    expect(await proposed(shell, `fleet cluster show ${fleet} ''`)).toEqual(["tenant-7"]);
  });

  test.skipIf(isLeftOut)("is silent without a fleet", async () => {
    expect(await proposed(shell, "fleet shard show ''")).toEqual([]);
    const dead = "fleet shard show --endpoints 127.0.0.1:1 --insecure-loopback ''";
    expect(await proposed(shell, dead, { FLEET_COMPLETION_TIMEOUT: "300ms" })).toEqual([]);
  });
});

test("bash hands over --to=NAME in pieces, and gets what stands behind the =", async () => {
  const line = `fleet rebind tenant-7 ${cluster.flags.join(" ")} --to = we`;
  expect(await proposed("bash", line)).toEqual(["west-1"]);
});

test("bash cuts an address at its colon, and still gets names", async () => {
  const fleet = cluster.flags.join(" ").replaceAll(":", " : ");
  expect(await proposed("bash", `fleet shard show ${fleet} we`)).toEqual(["west-1"]);
});

test("bash quotes what an answer has beside names", async () => {
  await mkdir(join(home, "hostile"));
  const answer = "#!/bin/sh\nprintf '%s\\n' names 't$(touch${IFS}ran) ' '--to= ' 's1,s2 '\n";
  await writeFile(join(home, "hostile", "fleet"), answer, { mode: 0o755 });
  const PATH = `${join(home, "hostile")}:${process.env["PATH"]}`;
  expect(await proposed("bash", "fleet x", { PATH })).toEqual([
    "t\\$\\(touch\\$\\{IFS\\}ran\\)",
    "--to=",
    "s1,s2",
  ]);
});
