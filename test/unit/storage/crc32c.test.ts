import { expect, test } from "vitest";
import { crc32c } from "../../../src/core/storage/crc32c.ts";

const ascending = Uint8Array.from({ length: 32 }, (_, position) => position);
const scsiRead = Uint8Array.from([
  0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0,
  0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
]);

test.each([
  { bytes: new Uint8Array(32), crc: 0x8a9136aa, why: "RFC 3720 B.4: 32 bytes of zeros" },
  { bytes: new Uint8Array(32).fill(0xff), crc: 0x62a8ab43, why: "RFC 3720 B.4: 32 bytes of ones" },
  { bytes: ascending, crc: 0x46dd794e, why: "RFC 3720 B.4: 32 bytes ascending" },
  { bytes: ascending.toReversed(), crc: 0x113fdb5c, why: "RFC 3720 B.4: 32 bytes descending" },
  { bytes: scsiRead, crc: 0xd9963a56, why: "RFC 3720 B.4: an iSCSI read command" },
  {
    bytes: new TextEncoder().encode("123456789"),
    crc: 0xe3069283,
    why: "the polynomial's check value; not a multiple of 4",
  },
  { bytes: new Uint8Array(0), crc: 0, why: "nothing" },
])("$why", ({ bytes, crc }) => expect(crc32c(bytes)).toBe(crc));

test("goes on from an earlier checksum at any split", () => {
  const whole = crc32c(ascending);
  for (let split = 0; split <= ascending.length; split++) {
    expect(crc32c(ascending.subarray(split), crc32c(ascending.subarray(0, split)))).toBe(whole);
  }
});
