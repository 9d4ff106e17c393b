// Returns the memory of large files as soon as they were read. It lies outside of V8's heap, and an idle process
// hardly ever collects garbage. Otherwise a process would keep its whole log's content for minutes after its start.

/**
 * Frees the bytes now. They are empty afterwards, and so is every view of them: copy what is still needed.
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes;
  // Small buffers may share a pool of Node's.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}
