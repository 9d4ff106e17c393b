import { expect, test } from "vitest";
import { isAddress } from "../../../src/core/base/address.ts";

test.each([
  "localhost:1",
  "10.0.0.1:65535",
  "[::1]:7001",
  "[fe80::1]:7001",
  "fleet-shard-0.fleet-shard.ns.svc:7001",
  "host.example.:443",
  "a_b:1",
  "Münster.example:443",
])("%s can be dialed", (text) => expect(isAddress(text)).toBe(true));

test.each([
  { text: "", why: "nothing" },
  { text: "nonsense", why: "no port" },
  { text: ":1", why: "no host" },
  { text: "host:", why: "no port behind the colon" },
  { text: "host:0", why: "a port that means any" },
  { text: "host:65536", why: "a port that there is not" },
  { text: "host:https", why: "a port by name" },
  { text: "host:-1", why: "a port below all" },
  { text: "256.0.0.1:1", why: "no IPv4 address" },
  { text: "1.2.3:1", why: "three parts of one" },
  { text: "::1:7001", why: "IPv6 without brackets" },
  { text: "[::1]", why: "IPv6 without a port" },
  { text: "[1::2::3]:1", why: "no IPv6 address" },
  { text: "[127.0.0.1]:1", why: "IPv4 in brackets" },
  { text: "two words:1", why: "a space" },
  { text: "https://host:1", why: "a URL" },
  { text: "-host:1", why: "a hyphen at an end" },
  { text: "a..b:1", why: "an empty label" },
  { text: `${"a".repeat(255)}:1`, why: "longer than any name" },
])("$text cannot: $why", ({ text }) => expect(isAddress(text)).toBe(false));
