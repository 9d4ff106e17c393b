// Keys to actions of the dashboard. While something is typed, letters are text and not commands. Keys that were typed faster than
// the terminal was read, or pasted, come in one chunk and are told apart here.

import type { Proposal } from "./change.ts";
import { VIEWS, type ViewName } from "./views.ts";

/** The part of a terminal library's key that is used. */
export interface KeyPress {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly tab: boolean;
  readonly shift: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
  /** Alt with a character. A terminal sends it as Esc and the character, so both in one read look the same. */
  readonly meta: boolean;
}

export type Action =
  | { readonly kind: "quit" }
  | { readonly kind: "interrupt" }
  | { readonly kind: "toggle-help" }
  | { readonly kind: "toggle-pause" }
  | { readonly kind: "toggle-drift-only" }
  | { readonly kind: "show-view"; readonly view: ViewName }
  | { readonly kind: "turn-view"; readonly by: 1 | -1 }
  | { readonly kind: "turn-sort"; readonly by: 1 | -1 }
  | { readonly kind: "reverse-sort" }
  | { readonly kind: "move"; readonly by: number }
  | { readonly kind: "open" }
  | { readonly kind: "copy" }
  | { readonly kind: "redraw" }
  | { readonly kind: "begin-filter" }
  | { readonly kind: "begin-command" }
  | { readonly kind: "type"; readonly text: string }
  | { readonly kind: "erase" }
  | { readonly kind: "complete" }
  | { readonly kind: "end-prompt" }
  | { readonly kind: "back" }
  /** Space marks a cluster; where there are none it pauses. */
  | { readonly kind: "mark" }
  | { readonly kind: "propose"; readonly what: Proposal }
  | { readonly kind: "confirm" }
  | { readonly kind: "cancel" }
  | { readonly kind: "seek"; readonly byMs: number }
  | { readonly kind: "speed"; readonly by: 1 | -1 };

const PAGE_ROWS = 10;
const SEEK_MS = 10_000;

const LETTERS: Readonly<Record<string, Action>> = {
  q: { kind: "quit" },
  "?": { kind: "toggle-help" },
  h: { kind: "toggle-help" },
  p: { kind: "toggle-pause" },
  " ": { kind: "mark" },
  d: { kind: "toggle-drift-only" },
  s: { kind: "turn-sort", by: 1 },
  S: { kind: "turn-sort", by: -1 },
  r: { kind: "reverse-sort" },
  y: { kind: "copy" },
  T: { kind: "propose", what: "transfer" },
  D: { kind: "propose", what: "drain" },
  A: { kind: "propose", what: "activate" },
  M: { kind: "propose", what: "rebind" },
  L: { kind: "propose", what: "label" },
  E: { kind: "propose", what: "evacuate" },
  X: { kind: "propose", what: "drill" },
  c: { kind: "cancel" },
  "/": { kind: "begin-filter" },
  ":": { kind: "begin-command" },
  "<": { kind: "speed", by: -1 },
  ">": { kind: "speed", by: 1 },
  j: { kind: "move", by: 1 },
  k: { kind: "move", by: -1 },
  g: { kind: "move", by: Number.NEGATIVE_INFINITY },
  G: { kind: "move", by: Number.POSITIVE_INFINITY },
};

export interface Press {
  readonly input: string;
  readonly key: KeyPress;
}

/** The single presses in one read of the terminal. A character with Alt is Esc and the character: no key here is with Alt. */
export function pressesOf(input: string, key: KeyPress): readonly Press[] {
  const characters = [...input];
  if (key.meta && characters.length > 0) return [ESCAPE, ...characters.map(pressOf)];
  return characters.length < 2 ? [{ input, key }] : characters.map(pressOf);
}

export const NO_KEY: KeyPress = {
  ...{ upArrow: false, downArrow: false, leftArrow: false, rightArrow: false },
  ...{ pageUp: false, pageDown: false, home: false, end: false, tab: false, shift: false },
  ...{ return: false, escape: false, backspace: false, delete: false, ctrl: false, meta: false },
};

const ESCAPE: Press = { input: "", key: { ...NO_KEY, escape: true } };

function pressOf(character: string): Press {
  if (character === "\r" || character === "\n") return { input: "", key: { ...NO_KEY, return: true } };
  if (character === "\t") return { input: "", key: { ...NO_KEY, tab: true } };
  // Other control characters: they must not get into a filter.
  if (/\p{Cc}/u.test(character)) return { input: "", key: NO_KEY };
  return { input: character, key: NO_KEY };
}

/** The action of a key press, or `null` when the key has no meaning here. */
export function actionFor(input: string, key: KeyPress, typing: boolean): Action | null {
  if (key.ctrl) return controlAction(input);
  if (key.escape) return { kind: "back" };
  if (typing) return typingAction(input, key);
  return movement(key) ?? LETTERS[input] ?? viewAction(input);
}

/** The action of a letter with ctrl. It is the same everywhere. */
export function controlAction(letter: string): Action | null {
  if (letter === "c") return { kind: "interrupt" };
  return letter === "l" ? { kind: "redraw" } : null;
}

function viewAction(input: string): Action | null {
  const view = /^\d$/.test(input) ? VIEWS[Number(input)] : undefined;
  return view === undefined ? null : { kind: "show-view", view };
}

function typingAction(input: string, key: KeyPress): Action | null {
  if (key.return) return { kind: "end-prompt" };
  if (key.backspace || key.delete) return { kind: "erase" };
  if (key.tab) return { kind: "complete" };
  return movement(key) ?? (input === "" ? null : { kind: "type", text: input });
}

function movement(key: KeyPress): Action | null {
  if (key.upArrow) return { kind: "move", by: -1 };
  if (key.downArrow) return { kind: "move", by: 1 };
  if (key.leftArrow) return { kind: "seek", byMs: -SEEK_MS };
  if (key.rightArrow) return { kind: "seek", byMs: SEEK_MS };
  if (key.pageUp) return { kind: "move", by: -PAGE_ROWS };
  if (key.pageDown) return { kind: "move", by: PAGE_ROWS };
  if (key.home) return { kind: "move", by: Number.NEGATIVE_INFINITY };
  if (key.end) return { kind: "move", by: Number.POSITIVE_INFINITY };
  if (key.tab) return { kind: "turn-view", by: key.shift ? -1 : 1 };
  if (key.return) return { kind: "open" };
  return null;
}
