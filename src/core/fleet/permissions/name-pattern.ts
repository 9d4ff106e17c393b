// Patterns of names: a * matches any text, even the empty one; all other characters match themselves. What
// must stay true: without a * only the equal name matches. Matching takes at most time proportional to the
// pattern's length times the name's.

export type NamePattern = (name: string) => boolean;

export function namePattern(pattern: string): NamePattern {
  if (pattern === "*") return () => true;
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => isBetween(name, first, rest, last);
}

/**
 * Each text of `between` is matched at its first occurrence, so that the longest rest is left for the next
 * ones.
 */
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
