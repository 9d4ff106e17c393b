// The question before something is destroyed: its name has to be typed out, so that no habit answers it.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { printable } from "../../core/base/printable.ts";
import type { Paint } from "../model/paint.ts";
import { beginChange } from "./pipes.ts";
import { writeRemarks } from "./terminal.ts";

/** Throws an `OperatorError` unless `name` is typed out, or `yes` says it was meant. Without a terminal it throws. */
export async function confirmByName(
  name: string,
  question: string,
  yes: boolean,
  paint: Paint,
): Promise<void> {
  if (!yes) await ask(name, question, paint);
  beginChange();
}

async function ask(name: string, question: string, paint: Paint): Promise<void> {
  if (process.stdin.isTTY !== true)
    throw notConfirmed(`${question}: there is no terminal to ask on`, "run it in a terminal, or with --yes");
  const { createInterface } = await import("node:readline/promises");
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // readline takes the terminal's Ctrl-C for itself, so it is passed on; what comes next begins on a line of its own.
  prompt.on("SIGINT", () => {
    writeRemarks("");
    process.kill(process.pid, "SIGINT");
  });
  // Ctrl-D rejects the question: no answer is no confirmation.
  const answer = await prompt
    .question(`${paint.banner(printable(question))}\nType ${printable(name)} to continue: `)
    .catch(() => "");
  prompt.close();
  if (answer.trim() !== name)
    throw notConfirmed(`${question}: not confirmed`, `type ${name} exactly, or use --yes`);
}

function notConfirmed(what: string, next: string): OperatorError {
  return new OperatorError("NOT_CONFIRMED", { what, next, exit: Exit.Usage });
}
