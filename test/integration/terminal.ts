// A terminal that a test can look at. A program runs in a real pseudo-terminal, and a headless xterm takes its
// output. The xterm's screen is what an operator would see. Nothing is left running: dispose() hangs up, as closing a
// window does.

import pty from "@lydell/node-pty";
import xterm from "@xterm/headless";

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly columns: number;
  readonly rows: number;
}

/** A cell of the screen. Colours are ANSI numbers from 0 to 15; null is the terminal's own. */
export interface TerminalCell {
  readonly text: string;
  readonly color: number | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isInverse: boolean;
}

export class TestTerminal {
  readonly #pty: pty.IPty;
  readonly #screen: xterm.Terminal;
  readonly #ended = Promise.withResolvers<number>();
  #isOpen = true;
  #isCursorVisible = true;
  #wheelMoves = false;

  private constructor(program: pty.IPty, screen: xterm.Terminal) {
    this.#pty = program;
    this.#screen = screen;
    program.onData((data) => screen.write(data));
    // What a program asks its terminal (where the cursor is, what it can do) is answered, as a real one would.
    screen.onData((answer) => this.type(answer));
    program.onExit(({ exitCode, signal = 0 }) => {
      this.#isOpen = false;
      this.#ended.resolve(signal === 0 ? exitCode : 128 + signal);
    });
    this.#watchModes("h", true);
    this.#watchModes("l", false);
  }

  static open(file: string, args: readonly string[], options: TerminalOptions): TestTerminal {
    const { cwd, env, columns: cols, rows } = options;
    const screen = new xterm.Terminal({ cols, rows, scrollback: 1000, allowProposedApi: true });
    const program = pty.spawn(file, [...args], { name: "xterm-256color", cols, rows, cwd, env });
    return new TestTerminal(program, screen);
  }

  /** The exit code, 128 and the signal's number for a signal, as a shell says it. */
  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  /** The rows of the screen, without the blanks at their ends. */
  get lines(): readonly string[] {
    const { active } = this.#screen.buffer;
    return Array.from(
      { length: this.#screen.rows },
      (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? "",
    );
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** Whether the program draws on the alternate screen, which hides what was there before. */
  get isAlternate(): boolean {
    return this.#screen.buffer.active.type === "alternate";
  }

  get isCursorVisible(): boolean {
    return this.#isCursorVisible;
  }

  /** Whether the wheel moves the cursor on the alternate screen (xterm's "alternate scroll"). */
  get wheelMoves(): boolean {
    return this.#wheelMoves;
  }

  get cells(): readonly (readonly TerminalCell[])[] {
    const { active } = this.#screen.buffer;
    return Array.from({ length: this.#screen.rows }, (_, row) => {
      const line = active.getLine(active.viewportY + row);
      return Array.from({ length: this.#screen.cols }, (_, column): TerminalCell => {
        const cell = line?.getCell(column);
        return {
          text: cell?.getChars() || " ",
          color: cell?.isFgPalette() ? cell.getFgColor() : null,
          isBold: cell?.isBold() !== 0,
          isDim: cell?.isDim() !== 0,
          isInverse: cell?.isInverse() !== 0,
        };
      });
    });
  }

  type(keys: string): void {
    if (this.#isOpen) this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Looks until `wanted` holds. Throws with the screen when it never does. */
  async until(what: string, wanted: (screen: this) => boolean, limitMs = 30_000): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!wanted(this)) {
      if (performance.now() > endMs) throw new Error(`never came to be: ${what}\n${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Until `text` is on the screen. */
  shows(text: string): Promise<void> {
    return this.until(`"${text}" on the screen`, (screen) => screen.text.includes(text));
  }

  /** Hangs up and waits for the end of the program. */
  async dispose(): Promise<void> {
    if (this.#isOpen) this.#pty.kill("SIGHUP");
    await this.ended;
    this.#screen.dispose();
  }

  #watchModes(final: "h" | "l", isOn: boolean): void {
    this.#screen.parser.registerCsiHandler({ prefix: "?", final }, (params) => {
      if (params.includes(25)) this.#isCursorVisible = isOn;
      if (params.includes(1007)) this.#wheelMoves = isOn;
      return false;
    });
  }
}
