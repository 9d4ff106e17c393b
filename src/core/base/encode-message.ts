// Encodes protobuf messages with one writer, which keeps its buffer from message to message. A new writer allocates
// outside V8's heap several times a message, and that was the most expensive part of encoding a small one.
// What must stay true: the bytes are those of protobuf's own writer, and a message that cannot be encoded leaves nothing
// behind.

import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** The buffer of a larger message is not kept. */
const KEPT_BYTES_MAX = 64 * 1024;
const UINT32_MAX = 0xffff_ffff;

type Encode<Message> = (message: Message, writer: BinaryWriter) => BinaryWriter;

/** Protobuf's own writer makes a big integer of every 64-bit number. */
class MessageWriter extends BinaryWriter {
  override uint64(value: string | number | bigint): this {
    const isSmall = typeof value === "number" && value >= 0 && value <= UINT32_MAX;
    return isSmall ? this.uint32(value) : super.uint64(value);
  }
}

/** Null while it is in use, and after a message that could not be encoded. */
let spare: BinaryWriter | null = null;

/** The message's own bytes. `encode` as generated, such as `Command.encode`. */
export function encodeMessage<Message>(encode: Encode<Message>, message: Message): Uint8Array<ArrayBuffer> {
  const writer = spare ?? new MessageWriter();
  spare = null;
  const bytes = encode(message, writer).finish();
  if (bytes.length <= KEPT_BYTES_MAX) spare = writer;
  return bytes;
}

/** In the place of a generated serializer, which copies the bytes once more. */
export function serializerOf<Message>(encode: Encode<Message>): (message: Message) => Buffer {
  return (message) => Buffer.from(encodeMessage(encode, message).buffer);
}
