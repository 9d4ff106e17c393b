// How much room a file system has, and when that is too little. Pure; disk-files.ts asks the machine.

export interface DiskRoom {
  /** What the process's user may still fill. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const FREE_SHARE_MIN = 0.1;
const FREE_BYTES_MIN = 2 ** 30;

/** Whether a tenth or a gibibyte is not left. */
export function isNearlyFull({ freeBytes, totalBytes }: DiskRoom): boolean {
  return freeBytes < FREE_BYTES_MIN || freeBytes < totalBytes * FREE_SHARE_MIN;
}

/** From statfs(2). Network file systems report up to 2^64 bytes, which no checked number of the wire holds. */
export function roomOf(found: {
  readonly bsize: number;
  readonly bavail: number;
  readonly blocks: number;
}): DiskRoom {
  const bytes = (blocks: number) => Math.min(found.bsize * blocks, Number.MAX_SAFE_INTEGER);
  return { freeBytes: bytes(found.bavail), totalBytes: bytes(found.blocks) };
}
