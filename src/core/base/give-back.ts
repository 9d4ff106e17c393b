// Memory of large files, given back as soon as they were read. It lies outside of V8's heap, which an idle process hardly
// ever collects: a start would keep all that it has read of its log for minutes.

/** Frees the bytes now. They are empty afterwards, and so is every view of them: keep copies of what is still needed. */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes;
  // Small ones may share a pool of Node's.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}
