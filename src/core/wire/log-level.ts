// Log levels on the wire.
import type { LogLevelName } from "../base/log.ts";
import { LogLevel } from "./gen/fleet/v1/command.ts";

export const LOG_LEVEL_NUMBERS: Readonly<Record<LogLevelName, LogLevel>> = {
  debug: LogLevel.DEBUG,
  info: LogLevel.INFO,
  warn: LogLevel.WARN,
  error: LogLevel.ERROR,
};
