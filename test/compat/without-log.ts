// What etcd's Go client prints, without the lines of its log.

/** They have times in them, and nothing that a test asserts. */
export function withoutLog(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("{"))
    .join("\n");
}
