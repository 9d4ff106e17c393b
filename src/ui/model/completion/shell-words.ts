// The words that a shell passes. bash cuts a word at each character of COMP_WORDBREAKS, so `--to=s1` comes as three
// words. A candidate replaces only the last of them.

/** The words as they were typed, and how much of the last one the shell keeps by itself. */
export interface ShellWords {
  readonly words: readonly string[];
  readonly kept: string;
}

export function joinBashWords(words: readonly string[]): ShellWords {
  const joined: string[] = [];
  let kept = "";
  for (const [at, word] of words.entries()) {
    const previous = words[at - 1];
    const continues = word === "=" || (previous === "=" && joined.length > 0);
    const head = continues ? (joined.pop() ?? "") : "";
    kept = word === "=" ? head + word : head;
    joined.push(head + word);
  }
  return { words: joined, kept };
}
