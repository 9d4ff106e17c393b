// Draws the dashboard: the rows of a frame that differ from those on the screen. Ink would lay out, split and join every character of
// every frame again, which costs more than all else that the dashboard does. What must stay true: at most 15 frames a
// second, and the last one is of the last state. Nothing is drawn once the dashboard ends, for the screen is the
// shell's then.

import { drawRows } from "./cli/terminal.ts";
import type { Look } from "./model/paint.ts";
import { frameRows } from "./model/top/frame-rows.ts";
import type { TopState } from "./model/top/state.ts";

const FRAME_EVERY_MS = 1_000 / 15;
/** Of a terminal that does not say its size. */
const SIZE = { columns: 80, rows: 24 };

interface PaintedStore {
  readonly snapshot: () => TopState;
  readonly subscribe: (listener: () => void) => () => void;
}

export class TopPainter {
  readonly #store: PaintedStore;
  readonly #stdout: NodeJS.WriteStream;
  readonly #look: Look;
  readonly #broken = Promise.withResolvers<never>();
  /** Null: not known. */
  #shown: readonly string[] | null = null;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #unsubscribe: () => void = () => undefined;

  constructor(store: PaintedStore, stdout: NodeJS.WriteStream, look: Look) {
    this.#store = store;
    this.#stdout = stdout;
    this.#look = look;
    // It may reject after its last waiter has left.
    this.#broken.promise.catch(() => undefined);
  }

  /** Rejects for a bug in a frame; never resolves. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  start(): void {
    this.#unsubscribe = this.#store.subscribe(this.#soon);
    this.#stdout.on("resize", this.redraw);
    // Others wrote on the screen while this process was stopped.
    process.on("SIGCONT", this.redraw);
    this.#draw();
  }

  stop(): void {
    this.#unsubscribe();
    this.#stdout.off("resize", this.redraw);
    process.off("SIGCONT", this.redraw);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Draws all rows, whatever is on the screen. */
  readonly redraw = (): void => {
    this.#shown = null;
    this.#soon();
  };

  /** At once, or when the frame before is old enough. */
  readonly #soon = (): void => {
    if (this.#timer !== null) return;
    const waitMs = this.#drawnMs + FRAME_EVERY_MS - performance.now();
    if (waitMs <= 0) this.#draw();
    else
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#draw();
      }, waitMs);
  };

  #draw(): void {
    const state = this.#store.snapshot();
    if (state.running !== "yes") return;
    this.#drawnMs = performance.now();
    const columns = this.#stdout.columns || SIZE.columns;
    const rows = this.#stdout.rows || SIZE.rows;
    try {
      const next = frameRows(state, { columns, rows }, this.#look, true);
      drawRows(this.#stdout, this.#shown, next);
      this.#shown = next;
    } catch (error) {
      this.#broken.reject(error);
    }
  }
}
