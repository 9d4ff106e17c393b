// Reads values out of a parsed YAML file. Each error names the file and the path inside it. Absent: defaults
// and meaning, which belong to the callers.
import { isAddress } from "../../core/base/address.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isName } from "../../core/base/ids.ts";
import { readYaml } from "../../core/wire/files/yaml-text.ts";

/** A value in a configuration file, and its path. Every getter throws CONFIG_INVALID on another shape. */
export class ConfigReader {
  readonly #file: string;
  readonly #path: string;
  readonly #value: unknown;

  constructor(file: string, path: string, value: unknown) {
    this.#file = file;
    this.#path = path;
    this.#value = value;
  }

  /** Parses `text`, the contents of `file`. */
  static parse(file: string, text: string): ConfigReader {
    const read = readYaml(text);
    if (!read.ok) throw invalid(file, read.why);
    return new ConfigReader(file, "", read.value);
  }

  /** The field called `key`; it may be absent. */
  field(key: string): ConfigReader {
    const fields = this.#fields();
    const path = this.#path === "" ? key : `${this.#path}.${key}`;
    return new ConfigReader(this.#file, path, Object.hasOwn(fields, key) ? fields[key] : undefined);
  }

  /** The fields of a mapping, by key. */
  entries(): [string, ConfigReader][] {
    return Object.keys(this.#fields()).map((key) => [key, this.field(key)]);
  }

  /** The items of a sequence. */
  items(): ConfigReader[] {
    if (!Array.isArray(this.#value)) throw this.wrong("a list");
    return this.#value.map((item, at) => new ConfigReader(this.#file, `${this.#path}[${at}]`, item));
  }

  /** The result of `read` on this value, or undefined when the value is absent. */
  optional<T>(read: (reader: ConfigReader) => T): T | undefined {
    return this.#value === undefined || this.#value === null ? undefined : read(this);
  }

  string(): string {
    if (typeof this.#value !== "string" || this.#value === "") throw this.wrong("a text");
    return this.#value;
  }

  isText(): boolean {
    return typeof this.#value === "string";
  }

  /** A text that may be empty. */
  text(): string {
    if (typeof this.#value !== "string") throw this.wrong("a text");
    return this.#value;
  }

  boolean(): boolean {
    if (typeof this.#value !== "boolean") throw this.wrong("true or false");
    return this.#value;
  }

  integer(min: number, max: number): number {
    const value = this.#value;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
      throw this.wrong(`a whole number from ${min} to ${max}`);
    }
    return value;
  }

  oneOf<T extends string>(choices: readonly T[]): T {
    const chosen = choices.find((choice) => choice === this.#value);
    if (chosen === undefined) throw this.wrong(`one of ${choices.join(", ")}`);
    return chosen;
  }

  /** The name of a fleet, node, shard or cluster. */
  name(): string {
    const text = this.string();
    if (!isName(text)) throw this.wrong("a name of lower-case letters, digits, '.', '_' and '-'");
    return text;
  }

  /** host:port. */
  address(): string {
    const text = this.string();
    if (!isAddress(text)) throw this.wrong("an address host:port");
    return text;
  }

  /** The error for a value that does not match `wanted`. */
  wrong(wanted: string): OperatorError {
    const found = this.#value === undefined ? "it is missing" : `found ${JSON.stringify(this.#value)}`;
    return this.fault(`must be ${wanted}: ${found}`);
  }

  /** The error for a value with the fault that `why` states, such as "holds n1 twice". */
  fault(why: string): OperatorError {
    return invalid(this.#file, `${this.#path || "the file"} ${why}`);
  }

  #fields(): Record<string, unknown> {
    const value = this.#value;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.wrong("a mapping");
    return { ...value };
  }
}

function invalid(file: string, why: string): OperatorError {
  return new OperatorError("CONFIG_INVALID", {
    what: `${file} cannot be used`,
    why,
    next: `correct ${file}`,
    exit: Exit.NotFound,
  });
}
