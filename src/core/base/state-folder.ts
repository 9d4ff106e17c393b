// Where the program keeps what must outlive a restart and belongs to no fleet's folder (XDG base directories).
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** In XDG_STATE_HOME, which counts only when absolute, or in ~/.local/state. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  const configured = env["XDG_STATE_HOME"] ?? "";
  const base = isAbsolute(configured) ? configured : join(env["HOME"] || homedir(), ".local", "state");
  return join(base, "fleet");
}
