// Reads the descriptor set that `buf build` makes of the contract: its files as they are, and which file declares
// a name. What must stay true: a file is answered with its own bytes, never decoded and encoded again.

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface DescribedFile {
  readonly name: string;
  /** Files that it imports. */
  readonly imports: readonly string[];
  /** Full names of what it declares: messages, their fields, enums, their values, services, methods. */
  readonly symbols: readonly string[];
  /** A FileDescriptorProto. */
  readonly bytes: Uint8Array;
}

// Field numbers of google/protobuf/descriptor.proto. Every declaration has its name in field 1.
const NAME = 1;
const PACKAGE = 2;
const IMPORT = 3;

/** The fields of a declaration that hold declarations in its scope. */
type Kind = ReadonlyMap<number, () => Kind>;

const LEAF: Kind = new Map();
const ENUM: Kind = new Map([[2, () => LEAF]]);
const SERVICE: Kind = new Map([[2, () => LEAF]]);
const MESSAGE: Kind = new Map([
  [2, () => LEAF],
  [3, () => MESSAGE],
  [4, () => ENUM],
  [8, () => LEAF],
]);
const FILE: Kind = new Map([
  [4, () => MESSAGE],
  [5, () => ENUM],
  [6, () => SERVICE],
]);

export function readDescriptorSet(set: Uint8Array): readonly DescribedFile[] {
  return fieldsOf(set).map(({ bytes }) => describe(bytes));
}

function describe(bytes: Uint8Array): DescribedFile {
  const fields = fieldsOf(bytes);
  const texts = (number: number) => fields.filter((field) => field.number === number).map(textOf);
  const [name = ""] = texts(NAME);
  const [scope = ""] = texts(PACKAGE);
  return { name, imports: texts(IMPORT), symbols: namesWithin(FILE, fields, scope), bytes };
}

function namesWithin(kind: Kind, fields: readonly Field[], scope: string): string[] {
  return fields.flatMap((field) => {
    const inner = kind.get(field.number)?.();
    return inner === undefined ? [] : namesOf(inner, field.bytes, scope);
  });
}

function namesOf(kind: Kind, bytes: Uint8Array, scope: string): string[] {
  const fields = fieldsOf(bytes);
  const name = fields.filter(({ number }) => number === NAME).map(textOf);
  const full = [scope, ...name].filter((part) => part !== "").join(".");
  // An enum's values stand beside it, as in C++.
  return [full, ...namesWithin(kind, fields, kind === ENUM ? scope : full)];
}

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
}

const textOf = ({ bytes }: Field): string => Buffer.from(bytes).toString();

/** The fields of a message that have a length: texts and messages. */
function fieldsOf(message: Uint8Array): Field[] {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) fields.push({ number, bytes: reader.bytes() });
    else reader.skip(type, number);
  }
  return fields;
}
