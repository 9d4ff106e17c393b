// The listen address for scrapers and probes, from `--metrics` and `--probes`: host:port, a port alone, or
// off. Pure.
import { Exit, OperatorError } from "../../core/base/errors.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = "127.0.0.1";
const PORT_MAX = 65_535;
const LISTEN = /^(?:(?:\[(?<v6>[0-9a-fA-F:]+)\]|(?<name>[^:[\]\s]+)):)?(?<port>\d{1,5})$/;

/** Null = off. Throws an OperatorError (usage). */
export function parseListen(text: string, flag: string): ListenAddress | null {
  if (text === "off") return null;
  const { v6, name, port = "" } = LISTEN.exec(text)?.groups ?? {};
  if (port === "" || Number(port) > PORT_MAX) {
    throw new OperatorError("USAGE", {
      what: `${flag} ${text} is not an address to listen on`,
      next: "give HOST:PORT, such as 127.0.0.1:9600 or [::1]:9600, a PORT alone, or off",
      exit: Exit.Usage,
    });
  }
  return { host: v6 ?? name ?? LOOPBACK, port: Number(port) };
}
