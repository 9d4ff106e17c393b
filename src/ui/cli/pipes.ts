// A reader that closes its end (`fleet audit list | head`) is no failure: the process ends quietly. Without this a
// watch would go on for ever, since oclif swallows the error and keeps running.

let installed = false;

/** Installs the handlers once a process. */
export function quietBrokenPipes(): void {
  if (installed) return;
  installed = true;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      // The terminal was closed: what is being put back goes on without a word.
      if (error.code === "EIO") return;
      throw error;
    });
  }
}
