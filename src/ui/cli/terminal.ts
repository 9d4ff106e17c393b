// The one way of text to this process's standard output and standard error (test/tidy/output.test.ts). What others
// wrote is made printable where it becomes a row, a line or a note. Here the rest is escaped, except line ends and, on
// a terminal, colours.
import { printable, printableLines } from "../../core/base/printable.ts";
import { bytesText } from "../model/byte-text.ts";
import { clearScreen, repaint, repaintRows } from "./repaint.ts";

/** Data, with a line end behind it. */
export function writeData(text: string): void {
  process.stdout.write(`${printableLines(text, process.stdout.isTTY === true)}\n`);
}

/**
 * Bytes that were asked for as they are. A pipe or file gets exactly them, with a line end behind if
 * `hasLineEnd`; a terminal gets printable text.
 */
export function writeBytes(bytes: Uint8Array, hasLineEnd: boolean): void {
  if (process.stdout.isTTY === true) writeData(bytesText(bytes, { hex: false }));
  else process.stdout.write(hasLineEnd ? Buffer.concat([bytes, Buffer.from("\n")]) : bytes);
}

/** What is said beside the data: lines that were made of printable parts. */
export function writeRemarks(text: string): void {
  process.stderr.write(`${printableLines(text, process.stderr.isTTY === true)}\n`);
}

/** A remark in one line. `paint` colours what was made printable. */
export function writeNote(text: string, paint: (text: string) => string): void {
  writeRemarks(paint(printable(text)));
}

/** An empty screen for frames. */
export function beginFrames(): void {
  process.stdout.write(clearScreen(process.stdout.rows));
}

/** Draws over the frame before. */
export function drawFrame(text: string): void {
  process.stdout.write(repaint(printableLines(text, true), process.stdout.rows));
}

/** The rows of a frame that differ from those that are shown; null: not known which are. They are made of printable texts. */
export function drawRows(
  stdout: Pick<NodeJS.WriteStream, "write">,
  shown: readonly string[] | null,
  rows: readonly string[],
): void {
  const text = repaintRows(shown, rows);
  if (text !== "") stdout.write(text);
}

/**
 * The wheel moves the cursor on the alternate screen (xterm's "alternate scroll"), while the terminal's own selection keeps
 * working. Other ways to hear the wheel take that away.
 */
export function moveByWheel(stdout: Pick<NodeJS.WriteStream, "write">, moves: boolean): void {
  stdout.write(moves ? "\u001b[?1007h" : "\u001b[?1007l");
}

/** Into the terminal's clipboard (OSC 52), which works through ssh too. A terminal that does not know it ignores it. */
export function copyToClipboard(stdout: Pick<NodeJS.WriteStream, "write">, text: string): void {
  stdout.write(`\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`);
}

/** A line of progress on a terminal: it replaces the one before, until `text` is empty. */
export function writeProgress(text: string): void {
  const shown = printable(text).slice(0, Math.max(1, (process.stderr.columns ?? 80) - 1));
  process.stderr.write(`\r\u001b[K${shown}`);
}

/**
 * Ends the process. What is open still (a handshake with a process that hangs cannot be given up) must not keep the command
 * alive. A write that failed is reported first (pipes.ts): its error comes after this write's answer.
 */
export function end(): void {
  flushed(process.stdout, () => flushed(process.stderr, () => setImmediate(() => process.exit())));
}

// A full disk refuses even an empty write, and then seems to have lost an answer that never was.
function flushed(stream: NodeJS.WriteStream, then: () => void): void {
  if (stream.writableLength === 0) then();
  else stream.write("", then);
}
