// A command that fails as the script expects: its text is part of the output. Other errors fail the script.

export class CommandError extends Error {
  override readonly name = "CommandError";
}
