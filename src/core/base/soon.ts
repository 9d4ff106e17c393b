// When gathered work runs: as soon as the current callback ends, but at most once in a pass of the event
// loop. Work that is added later in that pass runs together at its end. So a single request does not wait for
// others. That saves it a pass, because HTTP/2 sends data at the end of the pass in which it gets them. A
// busy process still batches.

/** A seam: tests decide when a pass ends. */
interface Loop {
  afterThis(run: () => void): void;
  atEndOfPass(run: () => void): void;
}

const nodeLoop: Loop = {
  afterThis: (run) => process.nextTick(run),
  atEndOfPass: (run) => void setImmediate(run),
};

/** Each result counts its own passes; the returned function runs its argument once. */
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
