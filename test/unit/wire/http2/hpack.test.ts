// HPACK against the examples of RFC 7541, Appendix C, and against Node's HTTP/2 client.

import { once } from "node:events";
import { connect } from "node:http2";
import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { HeaderDecoder } from "../../../../src/core/wire/http2/hpack/header-decoder.ts";
import { decodeHuffman } from "../../../../src/core/wire/http2/hpack/huffman.ts";
import { ConnectionError, HEADER_LIST_BYTES_MAX } from "../../../../src/core/wire/http2/protocol.ts";
import { listening } from "./http2-world.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

const FIRST = { ":method": "GET", ":scheme": "http", ":path": "/", ":authority": "www.example.com" };
const THIRD = {
  ...{ ":method": "GET", ":scheme": "https", ":path": "/index.html", ":authority": "www.example.com" },
  "custom-key": "custom-value",
};

test.each([
  {
    example: "C.3, without Huffman",
    blocks: [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
  },
  {
    example: "C.4, with Huffman",
    blocks: [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
  },
])("RFC 7541, $example", ({ blocks }) => {
  const decoder = new HeaderDecoder();
  const decoded = blocks.map((block) => decoder.decode(hex(block)));
  expect(decoded).toEqual([FIRST, { ...FIRST, "cache-control": "no-cache" }, THIRD]);
});

test.each([
  ["6402", "302"],
  ["aec3 771a 4b", "private"],
  ["d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff", "Mon, 21 Oct 2013 20:13:21 GMT"],
  ["9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3", "https://www.example.com"],
])("RFC 7541, C.6: %s is %s", (bytes, text) => {
  expect(decodeHuffman(hex(bytes), 0, hex(bytes).length)).toBe(text);
});

test.each([
  ["00", "ends with padding that is not of ones"],
  ["ff", "ends with eight bits of padding"],
  ["ffffffff", "holds the end of a string"],
])("Huffman code %s %s", (bytes) => {
  expect(() => decodeHuffman(hex(bytes), 0, hex(bytes).length)).toThrow(ConnectionError);
});

test.each([
  ["80", "index 0"],
  ["be", "an index beyond the table"],
  ["ff ffff ffff ff7f", "a number beyond any limit"],
  ["00 05 61", "a text without an end"],
  ["3f e2 1f", "a table beyond its size"],
  ["82 20", "a size within a block"],
  ["00", "a field without a name"],
])("block %s is unreadable: %s", (block) => {
  expect(() => new HeaderDecoder().decode(hex(block))).toThrow(ConnectionError);
});

const request = encodeFields({ ":method": "POST", ":scheme": "http", ":path": "/a/b" });
const withFields = (...blocks: readonly Buffer[]) => Buffer.concat([request, ...blocks]);

test.each([
  { what: "an upper-case name", block: withFields(encodeFields({ "X-a": "1" })) },
  { what: "a second path", block: withFields(encodeFields({ ":path": "/c" })) },
  { what: "a pseudo-header of answers", block: withFields(encodeFields({ ":status": "200" })) },
  { what: "a pseudo-header after another", block: withFields(encodeFields({ a: "1", ":authority": "x" })) },
  { what: "a header of one connection", block: withFields(encodeFields({ connection: "close" })) },
  { what: "a TE of anything but trailers", block: withFields(encodeFields({ te: "gzip" })) },
  { what: "a line break in a value", block: withFields(encodeFields({ a: "1\r\nb: 2" })) },
  { what: "a blank before a value", block: withFields(encodeFields({ a: " 1" })) },
])("RFC 9113, 8.2 and 8.3 forbid $what", ({ block }) => {
  expect(new HeaderDecoder().decode(block)).toBe("malformed");
});

test("an authority with a scheme, as etcd's clients send it, is accepted", () => {
  const block = withFields(encodeFields({ ":authority": "http://127.0.0.1:2379", te: "trailers" }));
  expect(new HeaderDecoder().decode(block)).toMatchObject({ ":authority": "http://127.0.0.1:2379" });
});

test("a list beyond its limit is counted to its end and not kept, and the next block is read", () => {
  const decoder = new HeaderDecoder();
  // A field of 4 000 bytes is kept, and then meant a thousand times.
  const kept = Buffer.concat([hex("40 01 61 7f a1 1e"), Buffer.alloc(4_000, 0x62)]);
  const bomb = Buffer.concat([kept, Buffer.alloc(1_000, 0xbe)]);
  expect(4_000 * 1_000).toBeGreaterThan(HEADER_LIST_BYTES_MAX);
  expect(decoder.decode(bomb)).toBe("too large");
  expect(decoder.decode(withFields(hex("be")))).toMatchObject({ ":path": "/a/b", a: "b".repeat(4_000) });
});

test("what Node's client sends arrives, whatever its table holds", async () => {
  const random = new SeededPrng(7541);
  const got: unknown[] = [];
  const { port, close } = await listening((stream) => {
    got.push({ ...stream.headers });
    stream.refuse(encodeFields({ ":status": "200" }));
  });
  const session = connect(`http://127.0.0.1:${port}`);
  const text = (most: number) =>
    Array.from({ length: random.below(most) }, () => String.fromCharCode(33 + random.below(94))).join("");
  const sent: unknown[] = [];
  for (let call = 0; call < 200; call += 1) {
    const headers: Record<string, string> = { ":method": "POST", ":path": `/${text(30)}` };
    for (let fields = random.below(8); fields > 0; fields -= 1) {
      headers[`x-${random.below(20)}`] = text([3, 40, 400, 3_000][random.below(4)] ?? 3);
    }
    const stream = session.request(headers, { endStream: true });
    sent.push(headers);
    stream.resume();
    await once(stream, "close");
  }
  session.close();
  await close();
  for (const [at, headers] of sent.entries()) expect(got[at]).toMatchObject(headers as object);
});
