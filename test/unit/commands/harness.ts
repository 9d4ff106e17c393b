// Runs a command class in this process with its output caught. The client and the target are replaced in each test
// file with vi.mock; what is under test is parse, call, print and exit code.
import { fileURLToPath } from "node:url";
import type { Command } from "@oclif/core/command";
import { Config } from "@oclif/core/config";
import { vi } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

export async function run(
  CommandClass: { run(argv: string[], config: Config): Promise<unknown> } & Pick<typeof Command, "id">,
  id: string,
  argv: readonly string[],
): Promise<Ran> {
  CommandClass.id = id;
  const caught = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      caught[name] += String(text);
      return true;
    }),
  );
  process.exitCode = undefined;
  try {
    await CommandClass.run([...argv], await Config.load({ root: ROOT }));
    return { ...caught, exit: Number(process.exitCode ?? 0) };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
  }
}
