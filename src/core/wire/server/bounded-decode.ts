// Decodes messages from the network. What must stay true: a message costs at most as many objects as its method allows.
// That holds even if it spends few bytes on each (two bytes can be a row). An unreadable message is the caller's fault,
// not a bug of ours.

import { BinaryReader } from "@bufbuild/protobuf/wire";
import { status } from "@grpc/grpc-js";
import { RpcError, rpcError } from "../rpc-error.ts";

/** The generated code's decoder: it accepts a reader where its type says bytes. */
type Decode<Message> = (bytes: Buffer) => Message;

/** Throws the RpcError of a request that can't be read, or has too many fields. */
export function decodeBounded<Message>(decode: Decode<Message>, bytes: Buffer, fieldsMax: number): Message {
  // A field takes at least one byte.
  const input = bytes.length <= fieldsMax ? bytes : countingReader(bytes, fieldsMax);
  try {
    return decode(input as Buffer);
  } catch (error) {
    if (error instanceof RpcError) throw error;
    if (error instanceof TooManyFields) {
      const message = `a request may have at most ${fieldsMax} fields`;
      throw rpcError(status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", message);
    }
    throw rpcError(status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", "the request is no message of this method");
  }
}

class TooManyFields extends Error {}

/**
 * Every field starts with a tag, and fields that can be nested or empty have a length: `uint32` reads both.
 */
function countingReader(bytes: Uint8Array, fieldsMax: number): BinaryReader {
  const reader = new BinaryReader(bytes);
  const read = reader.uint32;
  let left = 2 * fieldsMax;
  reader.uint32 = () => {
    left -= 1;
    if (left < 0) throw new TooManyFields();
    return read.call(reader);
  };
  return reader;
}
