// What a replica asks of the bytes that a peer sends it: whether this build would stop where it applies them (issue 11).

import { describe, expect, test } from "vitest";
import { logIndex } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import {
  decodeCommand,
  encodeCommand,
  NO_COMMAND,
  unknownIn,
} from "../../../src/core/fleet/command-codec.ts";
import { KNOWN_VERSION } from "../../../src/core/fleet/format.ts";
import { decodeKeyCommand, encodeKeyCommand, unknownKeyPart } from "../../../src/core/kv/command-codec.ts";
import { Command } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { formatFixture } from "../../fixtures/format-folder.ts";
import { put } from "../kv/operations.ts";
import { RandomOperations } from "../kv/random-operations.ts";
import * as make from "./replica.ts";

const raised = (version: number) => encodeCommand(make.command(make.raise(version)), KNOWN_VERSION);
const keyCommand = (...kinds: ReturnType<typeof put>[]) =>
  encodeKeyCommand({ atMs: 7, operations: kinds.map((kind) => ({ kind, leasesSeenAt: 3 })) });

// A registration of a shard whose text of eleven bytes has only its first. protobuf's decoder reads on behind the end
// of the operation, and finds the format 200. By the lengths of the fields it is in a text of field 5.
const HIDDEN = Uint8Array.of(0x3a, 4, 0x12, 2, 0x0a, 0x0b, 0x2a, 12, ...Array(9).fill(0x61), 0x40, 0xc8, 1);

test.each([
  { data: Uint8Array.of(), unknown: null, why: "nothing" },
  { data: Uint8Array.of(0xff), unknown: null, why: "no protobuf" },
  { data: raised(KNOWN_VERSION), unknown: null, why: "the raise to the newest version" },
  { data: raised(200), unknown: { format: 200 }, why: "the raise to one that no build has" },
  { data: Uint8Array.of(0x40, 0xc8, 1), unknown: { format: 200 }, why: "a format that no build has" },
  {
    data: Uint8Array.of(0x3a, 3, 0xba, 0x3e, 0),
    unknown: { operation: 999, version: 1 },
    why: "an operation that no build has",
  },
  {
    data: Uint8Array.of(0x3a, 5, 0x0a, 0, 0xba, 0x3e, 0),
    unknown: { operation: 999, version: 1 },
    why: "one behind one that it has",
  },
  {
    data: Uint8Array.of(0x3a, 2, 0x08, 1),
    unknown: { operation: 1, version: 1 },
    why: "a number where its operation 1 is a message",
  },
  {
    data: HIDDEN,
    unknown: null,
    why: "a format that only a decoder finds that leaves a message's end behind",
  },
])("of a command with $why this build does not know $unknown", ({ data, unknown }) => {
  expect(unknownIn(data)).toEqual(unknown);
});

test("what is not found at the door stops no replica where it is applied", () => {
  expect(Command.decode(HIDDEN).formatVersion).toBe(200);
  expect(decodeCommand(logIndex(1), HIDDEN)).toBe(NO_COMMAND);
});

describe("all that its encoders write is known", () => {
  test.each([1, 2])("commands of format %i", (version) => {
    const unknown = formatFixture(version).commands.filter((data) => unknownIn(data, version) !== null);
    expect(unknown).toEqual([]);
  });

  test("commands of the key space", () => {
    const random = new RandomOperations(11);
    for (let times = 0; times < 2_000; times += 1) {
      const kinds = Array.from({ length: 1 + random.below(4) }, () =>
        random.operation({ current: 9, compacted: 2 }),
      );
      expect(unknownKeyPart(keyCommand(...kinds))).toBeNull();
    }
  });
});

interface Codec {
  readonly samples: readonly Uint8Array[];
  readonly unknown: (data: Uint8Array) => unknown;
  readonly decode: (data: Uint8Array) => unknown;
}

const CODECS: Readonly<Record<string, Codec>> = {
  fleet: {
    samples: [raised(2), ...formatFixture(2).commands.slice(0, 60), HIDDEN],
    unknown: (data) => unknownIn(data),
    decode: (data) => decodeCommand(logIndex(1), data),
  },
  keys: {
    samples: [keyCommand(put("a")), keyCommand(put("a"), put("b")), keyCommand()],
    unknown: (data) => unknownKeyPart(data),
    decode: (data) => decodeKeyCommand(logIndex(1), data),
  },
};

test.each(Object.entries(CODECS))(
  "%s, by seed: bytes that stop a replica are unknown at the door",
  (_, codec) => {
    const random = new SeededPrng(11);
    let stopped = 0;
    for (let times = 0; times < 30_000; times += 1) {
      const data = changed(codec.samples[random.below(codec.samples.length)] ?? new Uint8Array(), random);
      const stops = stopsAt(() => codec.decode(data));
      if (stops) stopped += 1;
      if (stops && codec.unknown(data) === null)
        expect.fail(`seen too late: ${Buffer.from(data).toString("hex")}`);
    }
    expect(stopped).toBeGreaterThan(300);
  },
);

/** Some bytes of the first forty, where the lengths and numbers are, and perhaps more behind. */
function changed(sample: Uint8Array, random: SeededPrng): Uint8Array {
  const more = random.below(2) === 0 ? [] : [0x40, 0xc8, 1, 8, 9];
  const data = Uint8Array.of(...sample, ...more);
  for (let left = 1 + random.below(3); left > 0 && data.length > 0; left -= 1)
    data[random.below(Math.min(40, data.length))] = random.below(256);
  return data;
}

function stopsAt(decode: () => unknown): boolean {
  try {
    decode();
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: "FORMAT_UNKNOWN" });
    return true;
  }
}
