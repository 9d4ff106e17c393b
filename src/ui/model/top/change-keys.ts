// Keys while a change asks a question: they answer it, and mean nothing else.

import { type ChangeDialog, isModal, nameToType, type Writing } from "./change.ts";
import { type Action, actionFor, controlAction, type KeyPress, type Press } from "./keys.ts";
import type { TopState } from "./state.ts";

/** The action of a press in this state, or null when the key has no meaning here. */
export function actionHere({ input, key }: Press, state: TopState): Action | null {
  const { change, writing, prompt } = state;
  if (change === null || writing === null || !isModal(change)) return actionFor(input, key, prompt !== null);
  return answerTo(change, writing, input, key);
}

function answerTo(dialog: ChangeDialog, writing: Writing, input: string, key: KeyPress): Action | null {
  if (key.ctrl) return controlAction(input);
  if (key.escape) return { kind: "cancel" };
  // Typed ahead: the dry run must be seen first.
  if (dialog.stage !== "asking") return null;
  if (nameToType(dialog.change, writing) === null) {
    if (input === "y" || input === "Y") return { kind: "confirm" };
    return input === "n" || input === "N" || input === "q" ? { kind: "cancel" } : null;
  }
  if (key.return) return { kind: "confirm" };
  if (key.backspace || key.delete) return { kind: "erase" };
  return input === "" || key.tab ? null : { kind: "type", text: input };
}
