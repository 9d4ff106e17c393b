// What becomes of a process whose answer is not taken. A reader that closes its end (`fleet audit list | head`) is no
// failure: a read ends quietly. Without this a watch would never end, since oclif swallows the error and keeps running.
// A change under way is finished: only its answer is lost. An answer that cannot be written, since the disk behind a
// redirection is full, is a failure that is told without a stack.
import { Exit } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { writeData, writeRemarks } from "./terminal.ts";

let isLost = false;
let isChanging = false;
let failureInAnswer: { readonly text: string; readonly exit: Exit } | null = null;

/** From here on the process changes something, and so finishes it without a reader of its answer. */
export function beginChange(): void {
  isChanging = true;
}

/** What follows is a read. */
export function endChange(): void {
  isChanging = false;
}

/** A failure as JSON, on stdout. `text` says the same on stderr if stdout takes nothing. */
export function writeFailure(json: string, text: string, exit: Exit): void {
  failureInAnswer = { text, exit };
  writeData(json);
}

/**
 * Installs the handlers, in place of any other: oclif brings one with its commands that throws. So this is called again
 * when a command is loaded.
 */
export function quietBrokenPipes(): void {
  process.stdout.removeAllListeners("error").on("error", onUnwritten);
  // Remarks that cannot be written take nothing from the answer, and stop nothing.
  process.stderr.removeAllListeners("error").on("error", () => {});
}

function onUnwritten(error: Error): void {
  // The terminal was closed: a command that repairs something finishes without a word.
  if (isErrno(error, "EIO") || isLost) return;
  isLost = true;
  if (isChanging || !isErrno(error, "EPIPE")) {
    // Only at the end is it known what became of a change.
    process.once("exit", (exit) => {
      process.exitCode = tell(error, exit);
    });
  }
  if (!isChanging) process.exit();
}

/** Says what was lost of an answer, and returns the exit code that it deserves. */
function tell(error: Error, exit: number): number {
  if (failureInAnswer !== null) {
    writeRemarks(failureInAnswer.text);
    return failureInAnswer.exit;
  }
  // The reader wanted no more of it.
  if (isErrno(error, "EPIPE")) return exit;
  const isMade = isChanging && exit === Exit.Ok;
  const what = isMade ? "the change was made, but its answer was not written" : "the answer was not written";
  writeRemarks(
    `error: ${what}: ${error.message} [FLEET_E_FILE_SYSTEM]\n  next: make room where the output goes, and ${
      isChanging ? "look at what is there before you change it again" : "run the same command again"
    }`,
  );
  return isChanging && exit !== Exit.Ok ? exit : Exit.Failure;
}
