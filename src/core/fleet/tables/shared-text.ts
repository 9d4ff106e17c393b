// Replaces equal texts by one. Rows decoded from the log have texts of their own, and a hundred thousand rows name the
// same few hundred shards. Shared texts take a third less memory. What must stay true: a row's content never changes.

/** Beyond this the texts are not as repetitive as expected, and the map starts empty again. */
const TEXTS_MAX = 10_000;

const known = new Map<string, string>();

export function shared(text: string): string {
  const same = known.get(text);
  if (same !== undefined) return same;
  if (known.size >= TEXTS_MAX) known.clear();
  known.set(text, text);
  return text;
}
