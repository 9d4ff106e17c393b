// A text that an operator is told to type, as one word of a POSIX shell: a bucket's address holds ? and &, which a
// shell would take for itself.

export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
