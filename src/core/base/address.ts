// Whether a text is an address that can be dialed. Absent: whether a process listens there, or the name
// resolves.

import { isIPv4, isIPv6 } from "node:net";

const ADDRESS = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/;
// Host names have no underscores, but names that resolve may contain them.
const NAME =
  /^[\p{L}\p{N}_](?:[\p{L}\p{N}_-]*[\p{L}\p{N}_])?(?:\.[\p{L}\p{N}_](?:[\p{L}\p{N}_-]*[\p{L}\p{N}_])?)*\.?$/u;
const NAME_CHARACTERS_MAX = 254;
const DIGITS = /^[\d.]+$/;
const PORT_MAX = 65_535;

/** Whether `text` is host:port: a name, an IPv4 address or an IPv6 address in brackets, and a port from 1. */
export function isAddress(text: string): boolean {
  const { v6, host = "", port } = ADDRESS.exec(text)?.groups ?? {};
  const number = Number(port ?? 0);
  if (number < 1 || number > PORT_MAX) return false;
  return v6 === undefined ? isHost(host) : isIPv6(v6);
}

// A text that looks like an IPv4 address must be one. It would be dialed as an address, or as a name that
// can't exist.
function isHost(host: string): boolean {
  if (DIGITS.test(host)) return isIPv4(host);
  return host.length <= NAME_CHARACTERS_MAX && NAME.test(host);
}
