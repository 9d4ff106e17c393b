// A process that prints, as JSON, what `fleet COMMAND --help` prints for each command: one start of Node for all of them.
// It runs them as bin/run.js does.

import { execute } from "@oclif/core/execute";
import { argvInOrder } from "../../src/ui/cli/argv-in-order.ts";
import { commands } from "./manifest.ts";

const BIN = new URL("../../bin/run.js", import.meta.url).href;

type Write = typeof process.stdout.write;

/** What the two streams are given while `work` runs. */
async function captured(work: () => Promise<unknown>): Promise<{ stdout: string; stderr: string }> {
  const texts = { stdout: "", stderr: "" };
  const own = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ["stdout", "stderr"] as const) {
    const write = (text: Uint8Array | string, ...rest: unknown[]) => {
      texts[name] += String(text);
      const done = rest.at(-1);
      if (typeof done === "function") done();
      return true;
    };
    process[name].write = write as Write;
  }
  try {
    await work();
    return texts;
  } finally {
    process.stdout.write = own.stdout;
    process.stderr.write = own.stderr;
  }
}

// oclif waits for both streams after each command.
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);
const helps: Record<string, unknown> = {};
for (const command of commands) {
  const args = argvInOrder([...command.split(" "), "--help"]);
  helps[command] = await captured(() => execute({ args, dir: BIN }));
}
process.stdout.write(JSON.stringify(helps));
