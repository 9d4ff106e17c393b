// The words that a shell passes. bash cuts a word at each character of COMP_WORDBREAKS, so `--to=s1` and `127.0.0.1:7001`
// come as three words each. A candidate replaces only the last of them.

/** The words as they were typed, and how much of the last one the shell keeps by itself. */
export interface ShellWords {
  readonly words: readonly string[];
  readonly kept: string;
}

const BREAK = /^[=:@]+$/;

/** `line`: up to the cursor. Without it, words touch each other at every break. */
export function joinBashWords(given: readonly string[], line = given.join("")): ShellWords {
  const words = [...given.slice(0, -1), ...given.slice(-1).map((word) => upToCursor(word, line))];
  const isTouching = touching(words, line);
  const joined: string[] = [];
  let kept = "";
  for (const [at, word] of words.entries()) {
    const isBreak = BREAK.test(word);
    const continues = isTouching[at] === true && (isBreak || BREAK.test(words[at - 1] ?? ""));
    const head = continues ? (joined.pop() ?? "") : "";
    kept = isBreak ? head + word : head;
    joined.push(head + word);
  }
  return { words: joined, kept };
}

/** As much of the word as the line ends with; the whole one if that is nothing. */
function upToCursor(word: string, line: string): string {
  for (let length = word.length; length > 0; length -= 1) {
    if (line.endsWith(word.slice(0, length))) return word.slice(0, length);
  }
  return word;
}

/** For each word, whether it follows the one before without a space. All do in a line of other words. */
function touching(words: readonly string[], line: string): readonly boolean[] {
  const touches: boolean[] = [];
  let left = line;
  for (const word of words.toReversed()) {
    if (!left.endsWith(word)) return words.map(() => true);
    left = left.slice(0, left.length - word.length);
    touches.unshift(left === left.trimEnd());
    left = left.trimEnd();
  }
  return touches;
}
