// docs/tour.md as a new user walks it: each of its commands in its order, in a shell, on a real local fleet. What the page
// shows must be what was printed, but for times, numbers and the names of nodes.

import { spawn } from "node:child_process";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { shareReservations } from "../reserved-ports.ts";
import { program } from "./local-fleet.ts";

interface Step {
  readonly command: string;
  readonly shown: readonly string[];
}

let home = "";

beforeAll(async () => {
  home = await makeFolder();
  await shareReservations(home);
  await mkdir(join(home, "bin"));
  await symlink(program, join(home, "bin", "fleet"));
});
afterAll(async () => {
  await walk("fleet destroy --yes");
  await removeFolder(home);
});

/** Nothing was changed: an election was a moment ago. */
const TOO_EARLY = "FLEET_E_PRECONDITIONS_UNMET";

/** Everything that the line prints in a shell, as in a terminal: both streams. */
async function walk(line: string): Promise<string> {
  const env = {
    PATH: `${join(home, "bin")}:${dirname(process.execPath)}:${process.env["PATH"]}`,
    HOME: home,
  };
  const shell = spawn("bash", ["-c", line], { cwd: home, env: { ...env, NO_COLOR: "1" } });
  let printed = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (part) => (printed += String(part)));
  await new Promise((resolve) => shell.on("close", resolve));
  return printed;
}

function stepsOf(page: string): readonly Step[] {
  const blocks = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = "", ...shown] = text.split("\n");
        return { command, shown: shown.filter((line) => line !== "" && line !== "…") };
      }),
  );
}

/** Without what differs from run to run. */
function essence(line: string): string {
  return line
    .replace(/\/\S*\.fleet/g, "FOLDER")
    .replace(/\b\d+(?:\.\d+)?(?:ms|s|m|h)\b/g, "DURATION")
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b/g, "HASH")
    .replace(/\d+(?:\.\d+)?/g, "N")
    .replace(/\s+/g, " ")
    .trim();
}

test("each command of the tour prints what the page shows", async () => {
  const steps = stepsOf(await readFile(new URL("../../docs/tour.md", import.meta.url), "utf8"));
  expect(steps.length).toBeGreaterThan(15);
  for (const { command, shown } of steps) {
    let printed = await walk(command);
    // A machine that is faster than a reader, or elects a leader in between: the refusal says "try again later".
    await expect
      .poll(async () => {
        if (printed.includes(TOO_EARLY)) printed = await walk(command);
        return printed;
      })
      .not.toContain(TOO_EARLY);
    const lines = printed.split("\n").map(essence);
    const missing = shown.filter((line) => !lines.includes(essence(line)));
    expect(missing, `$ ${command}\n${printed}`).toEqual([]);
  }
});
