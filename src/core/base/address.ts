// Whether a text is an address that can be dialed. Absent: whether anybody listens there, or the name is known.

import { isIPv4, isIPv6 } from "node:net";

const ADDRESS = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/;
// Underscores are no letters of host names, and yet stand in names that resolve.
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

// What looks like an IPv4 address must be one: it would be dialed as one, or as a name that cannot be.
function isHost(host: string): boolean {
  if (DIGITS.test(host)) return isIPv4(host);
  return host.length <= NAME_CHARACTERS_MAX && NAME.test(host);
}
