// Errors of the operating system. Data only.

/** An error with a code of the operating system, such as ENOENT. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && /^E[A-Z0-9]+$/.test(String(error.code));
}

/** Its code; null for any other error. */
export const systemCodeOf = (error: unknown): string | null => (isSystemError(error) ? error.code : null);

/** Whether `error` is a system error with one of `codes`, such as ENOENT. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.some((code) => code === error.code);
}

/** A handler of rejections: `value` if there is no such file, otherwise the error again. */
export function ifAbsent<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (isErrno(error, "ENOENT")) return value;
    throw error;
  };
}

/** The same, also where a folder on the way is absent or is a file. */
export function ifNoPath<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return value;
    throw error;
  };
}
