import { expect, test } from "vitest";
import { parseListen } from "../../../../src/ui/model/listen-address.ts";

test.each([
  { text: "off", listen: null },
  { text: "9600", listen: { host: "127.0.0.1", port: 9600 } },
  { text: "127.0.0.1:0", listen: { host: "127.0.0.1", port: 0 } },
  { text: "0.0.0.0:9600", listen: { host: "0.0.0.0", port: 9600 } },
  { text: "[::1]:9600", listen: { host: "::1", port: 9600 } },
  { text: "n1.example:9600", listen: { host: "n1.example", port: 9600 } },
])("$text", ({ text, listen }) => {
  expect(parseListen(text, "--metrics")).toEqual(listen);
});

test.each(["", "on", "host", "host:", ":9600", "::1:9600", "host:70000", "host:9600/metrics"])(
  "%j is not an address to listen on",
  (text) => {
    expect(() => parseListen(text, "--metrics")).toThrow(`--metrics ${text} is not an address to listen on`);
  },
);
