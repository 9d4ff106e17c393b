// Patterns of names: a * stands for any text, the empty one too; all other characters for themselves. What must stay true:
// without a * only the equal name matches, and what a pattern takes to match grows with its length times the name's, no more.

export type NamePattern = (name: string) => boolean;

export function namePattern(pattern: string): NamePattern {
  if (pattern === "*") return () => true;
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => isBetween(name, first, rest, last);
}

/** Each text of `between` is taken where it comes first: what is left for the next ones is then the longest. */
function isBetween(name: string, first: string, between: readonly string[], last: string): boolean {
  const end = name.length - last.length;
  if (end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const text of between) {
    const found = name.indexOf(text, at);
    if (found === -1) return false;
    at = found + text.length;
    if (at > end) return false;
  }
  return true;
}
