// Telling the operating system's errors apart by their code.

/** Whether `error` is a system error with one of `codes`, such as ENOENT. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.some((code) => code === error.code);
}
