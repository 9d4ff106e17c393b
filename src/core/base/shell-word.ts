// A text for an operator to type, as one word of a POSIX shell: a bucket's address contains ? and &, which a
// shell would interpret.

export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
