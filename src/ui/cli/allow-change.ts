// The one gate before anything is changed: a context that is read-only refuses, and one with a hook asks it.
import type { Target } from "../../client/context/target.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { beginChange } from "./pipes.ts";

/** Throws an `OperatorError` when the fleet was named by a context that does not want it changed now. */
export async function allowChange(target: Target, command: string, reason = ""): Promise<void> {
  const { name, readOnly, beforeChange } = target;
  if (readOnly === true) throw readOnlyContext(name);
  if (beforeChange !== undefined) {
    const { askHook } = await import("../../client/context/change-hook.ts");
    await askHook(beforeChange, { context: name, command, reason });
  }
  beginChange();
}

function readOnlyContext(name: string): OperatorError {
  return new OperatorError("CONTEXT_READ_ONLY", {
    what: `context ${name} is read-only`,
    why: "its entry in contexts.yaml has readOnly: true",
    next: "use another --context, or change the entry (fleet context list shows the file under --json)",
    exit: Exit.Precondition,
  });
}
