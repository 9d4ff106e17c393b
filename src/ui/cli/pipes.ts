// A reader that closes its end (`fleet audit list | head`) is no failure: the process ends quietly. Without this a
// watch would never end, since oclif swallows the error and keeps running. An answer that cannot be written, since
// the disk behind a redirection is full, is a failure that is told without a stack.
import { Exit } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { writeRemarks } from "./terminal.ts";

let installed = false;

/** Installs the handlers once a process. */
export function quietBrokenPipes(): void {
  if (installed) return;
  installed = true;
  process.stdout.on("error", (error: Error) => {
    if (isErrno(error, "EPIPE")) process.exit();
    // The terminal was closed: a command that repairs something finishes without a word.
    if (isErrno(error, "EIO")) return;
    writeRemarks(
      `error: the answer was not written: ${error.message} [FLEET_E_FILE_SYSTEM]\n  next: make room where the output goes, and run the same command again`,
    );
    process.exit(Exit.Failure);
  });
  // Remarks that cannot be written take nothing from the answer.
  process.stderr.on("error", (error: Error) => {
    if (isErrno(error, "EPIPE")) process.exit();
  });
}
