// What a command has printed so far. At level "none" nothing is printed at all.

const LEVELS = ["debug", "info", "warn", "error", "fatal", "none"] as const;
export type LogLevel = (typeof LEVELS)[number];

export function parseLevel(text: string): LogLevel | undefined {
  return LEVELS.find((level) => level === text.toLowerCase());
}

export class Output {
  level: LogLevel = "debug";
  #text = "";

  write(text: string): void {
    if (this.level !== "none") this.#text += text;
  }

  /** Prints a header, then what `body` prints, indented by two spaces. */
  section(header: string, body: () => void): void {
    this.write(`${header}\n`);
    const before = this.#text;
    this.#text = "";
    try {
      body();
    } finally {
      this.#text = before + indent(this.#text);
    }
  }

  /** The text since the last call. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

function indent(text: string): string {
  if (text === "") return "";
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  return body
    .split("\n")
    .map((line) => `  ${line}\n`)
    .join("");
}
