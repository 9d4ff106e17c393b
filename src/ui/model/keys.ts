// Maps keys to actions of the dashboard. While a filter is typed, letters are text, not commands. Keys that
// were typed faster than they were read, or pasted, arrive in one chunk and are separated here.

/** The part of a terminal library's key that is used. */
export interface KeyPress {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
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
}

export const PANES = ["nodes", "shards", "bindings"] as const;
export type Pane = (typeof PANES)[number];

export type Action =
  | { readonly kind: "quit" }
  | { readonly kind: "interrupt" }
  | { readonly kind: "toggle-help" }
  | { readonly kind: "toggle-pause" }
  | { readonly kind: "toggle-drift-only" }
  | { readonly kind: "show-pane"; readonly pane: Pane }
  | { readonly kind: "turn-pane"; readonly by: 1 | -1 }
  | { readonly kind: "next-sort" }
  | { readonly kind: "reverse-sort" }
  | { readonly kind: "move"; readonly by: number }
  | { readonly kind: "begin-filter" }
  | { readonly kind: "type"; readonly text: string }
  | { readonly kind: "erase" }
  | { readonly kind: "end-filter" }
  | { readonly kind: "clear" };

const PAGE_ROWS = 10;

const LETTERS: Readonly<Record<string, Action>> = {
  q: { kind: "quit" },
  "?": { kind: "toggle-help" },
  h: { kind: "toggle-help" },
  p: { kind: "toggle-pause" },
  d: { kind: "toggle-drift-only" },
  s: { kind: "next-sort" },
  r: { kind: "reverse-sort" },
  "/": { kind: "begin-filter" },
  j: { kind: "move", by: 1 },
  k: { kind: "move", by: -1 },
  g: { kind: "move", by: Number.NEGATIVE_INFINITY },
  G: { kind: "move", by: Number.POSITIVE_INFINITY },
  "1": { kind: "show-pane", pane: "nodes" },
  "2": { kind: "show-pane", pane: "shards" },
  "3": { kind: "show-pane", pane: "bindings" },
};

export interface Press {
  readonly input: string;
  readonly key: KeyPress;
}

/** The single presses in one read of the terminal. */
export function pressesOf(input: string, key: KeyPress): readonly Press[] {
  const characters = [...input];
  return characters.length < 2 ? [{ input, key }] : characters.map(pressOf);
}

const NO_KEY: KeyPress = {
  upArrow: false,
  downArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  tab: false,
  shift: false,
  return: false,
  escape: false,
  backspace: false,
  delete: false,
  ctrl: false,
};

function pressOf(character: string): Press {
  if (character === "\r" || character === "\n") return { input: "", key: { ...NO_KEY, return: true } };
  if (character === "\t") return { input: "", key: { ...NO_KEY, tab: true } };
  // Other control characters: they must not get into a filter.
  if (/\p{Cc}/u.test(character)) return { input: "", key: NO_KEY };
  return { input: character, key: NO_KEY };
}

/** The action of a key press, or `null` when the key has no meaning here. */
export function actionFor(input: string, key: KeyPress, typing: boolean): Action | null {
  if (key.ctrl) return input === "c" ? { kind: "interrupt" } : null;
  if (key.escape) return { kind: "clear" };
  if (typing) return typingAction(input, key);
  return movement(key) ?? LETTERS[input] ?? null;
}

function typingAction(input: string, key: KeyPress): Action | null {
  if (key.return) return { kind: "end-filter" };
  if (key.backspace || key.delete) return { kind: "erase" };
  return movement(key) ?? (input === "" ? null : { kind: "type", text: input });
}

function movement(key: KeyPress): Action | null {
  if (key.upArrow) return { kind: "move", by: -1 };
  if (key.downArrow) return { kind: "move", by: 1 };
  if (key.pageUp) return { kind: "move", by: -PAGE_ROWS };
  if (key.pageDown) return { kind: "move", by: PAGE_ROWS };
  if (key.home) return { kind: "move", by: Number.NEGATIVE_INFINITY };
  if (key.end) return { kind: "move", by: Number.POSITIVE_INFINITY };
  if (key.tab) return { kind: "turn-pane", by: key.shift ? -1 : 1 };
  return null;
}
