// A store of strings by key with get, put and append; every key starts as the empty string. The state is one
// key's string: keys are independent, so a history is split by key before it is checked.

import type { Model } from "../model.ts";

export type KeyValueInput =
  | { readonly kind: "get"; readonly key: string }
  | { readonly kind: "put" | "append"; readonly key: string; readonly value: string };

/** What a get returned; null for a put or append that was done. */
export type KeyValueOutput = string | null;

const SHOWN_CHARACTERS_MAX = 72;

export const keyValue: Model<string, KeyValueInput, KeyValueOutput> = {
  initial: () => "",
  step: (state, input, output) => {
    switch (input.kind) {
      case "get":
        return output === undefined || output === state ? state : undefined;
      case "put":
        return input.value;
      case "append":
        return state + input.value;
    }
  },
  keyOf: (state) => state,
  partOf: (input) => input.key,
  // Appends only extend the string. Until the next put, a get therefore shows how every state before it
  // began.
  lookAhead: {
    readsAloneTell: true,
    isRead: (input) => input.kind === "get",
    mayLeadTo: (state, output) => output === null || output.startsWith(state),
    mayRestore: (input, output) => input.kind === "put" && output?.startsWith(input.value) === true,
  },
  describe: (input, output) => {
    const done = output === undefined ? "?" : "ok";
    switch (input.kind) {
      case "get":
        return `get ${input.key} → ${typeof output === "string" ? quote(output) : "?"}`;
      case "put":
      case "append":
        return `${input.kind} ${input.key} ${quote(input.value)} → ${done}`;
    }
  },
};

/** Shows the end of a long string, where appends are visible. */
function quote(text: string): string {
  const isShort = text.length <= SHOWN_CHARACTERS_MAX;
  return isShort ? JSON.stringify(text) : `…${JSON.stringify(text.slice(-SHOWN_CHARACTERS_MAX))}`;
}
