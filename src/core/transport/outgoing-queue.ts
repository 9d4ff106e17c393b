// The messages that wait to be sent to one peer, of all groups together, in order. What must stay true: the queue is
// bounded by number and by bytes. So a slow peer costs a fixed amount of memory however many groups there are. A
// message that does not fit is refused; accepted ones are never dropped.

import type { GroupMessage } from "../wire/gen/fleet/v1/raft.ts";

export const QUEUE_MESSAGES_MAX = 16_384;
/**
 * Below the limit of one gRPC message (wire/channel-options.ts), because the whole queue may leave as one
 * frame.
 */
export const QUEUE_BYTES_MAX = 32 * 1024 * 1024;

const HEADER_BYTES = 64;

export class OutgoingQueue {
  #messages: GroupMessage[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** False if there is no room. A single message is never too large. */
  add(message: GroupMessage): boolean {
    const bytes = bytesOf(message);
    const isFull = this.#messages.length >= QUEUE_MESSAGES_MAX || this.#bytes + bytes > QUEUE_BYTES_MAX;
    if (isFull && !this.isEmpty) return false;
    this.#messages.push(message);
    this.#bytes += bytes;
    return true;
  }

  /** Takes a message back that still waits. */
  remove(message: GroupMessage): void {
    const at = this.#messages.lastIndexOf(message);
    if (at < 0) return;
    this.#messages.splice(at, 1);
    this.#bytes -= bytesOf(message);
  }

  /** All messages, in order; the queue is empty then. */
  take(): GroupMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    return messages;
  }
}

function bytesOf({ message }: GroupMessage): number {
  const entries = message?.entries ?? [];
  const payload = entries.reduce((sum, entry) => sum + HEADER_BYTES + entry.data.length, 0);
  return HEADER_BYTES + payload + (message?.context.length ?? 0);
}
