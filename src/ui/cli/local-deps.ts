// What the commands that start and stop a local fleet's processes need of this machine. Loaded only when they run.
import type { LocalDeps } from "../../client/local/deps.ts";

/** `note` is told each step as it begins. */
export async function localDeps(note: (text: string) => void): Promise<LocalDeps> {
  const [{ systemDeps }, answers] = await Promise.all([
    import("../../client/local/deps.ts"),
    import("../../client/wait-ready.ts"),
  ]);
  return systemDeps(answers, (step) => note(`  ${step}`), process.env);
}
