// What the operating system says when it refuses or fails. Data only.

/** An error that the operating system gave a code, such as ENOENT. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && /^E[A-Z0-9]+$/.test(String(error.code));
}

/** Its code; null for any other error. */
export const systemCodeOf = (error: unknown): string | null => (isSystemError(error) ? error.code : null);

/** Whether `error` is a system error with one of `codes`, such as ENOENT. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.some((code) => code === error.code);
}
