// When work that gathers is to run: as soon as what is under way is over, but at most once in a pass of the event
// loop. What comes later in that pass runs together at its end. So a lone request waits for nobody, which saves it a
// pass (what is handed to HTTP/2 leaves at the end of the pass it was handed over in), and a busy process still batches.

/** A seam: tests decide when a pass ends. */
interface Loop {
  afterThis(run: () => void): void;
  atEndOfPass(run: () => void): void;
}

const nodeLoop: Loop = {
  afterThis: (run) => process.nextTick(run),
  atEndOfPass: (run) => void setImmediate(run),
};

/** Each has a pass of its own to count by; the returned function runs what it is given once. */
export function soonOncePerPass(loop: Loop = nodeLoop): (run: () => void) => void {
  let hasRun = false;
  return (run) => {
    if (hasRun) {
      loop.atEndOfPass(run);
      return;
    }
    hasRun = true;
    loop.atEndOfPass(() => {
      hasRun = false;
    });
    loop.afterThis(run);
  };
}
