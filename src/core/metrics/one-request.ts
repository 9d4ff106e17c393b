// One HTTP request on a connection, then its end. Node's HTTP server reads all requests that a caller sends before it
// has answers. So 80 sockets without a certificate that pipelined requests took 0.7 GB and stopped a coordinator. What
// must stay true: a connection is read up to the end of one head, of HEADER_BYTES_MAX, and costs one answer.
// Deliberately absent: bodies, keep-alive, pipelining. Scrapers and probes need none of them (RFC 9112, 9.3 and 9.6).

import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/** Requests here have no body and only a few headers. */
const HEADER_BYTES_MAX = 8 * 1024;
/** A caller that sends more than it was asked for is cut. Until then its bytes are thrown away, so that it gets its answer. */
const IGNORED_BYTES_MAX = 64 * 1024;

export interface Page {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

export const PLAIN_TEXT = "text/plain; charset=utf-8";

const HEAD_END = Buffer.from("\r\n\r\n");
const REQUEST_LINE = /^([A-Z]{1,16}) (\S+) HTTP\/1\.[01]\r\n/;

export interface Head {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** Resolves to the request's head; to the page of a refusal; to null if the caller has closed the connection before. */
export function readHead(socket: Socket): Promise<Head | Page | null> {
  return new Promise((resolve) => {
    let read = Buffer.alloc(0);
    const settle = (found: Head | Page | null) => {
      socket.off("data", take).off("close", gone).off("end", gone);
      resolve(found);
    };
    const gone = () => settle(null);
    const take = (chunk: Buffer) => {
      // Beyond the limit nothing is looked at, and the rest of the chunk is dropped.
      read = Buffer.concat([read, chunk.subarray(0, HEADER_BYTES_MAX - read.length)]);
      const end = read.indexOf(HEAD_END);
      if (end >= 0) settle(headOf(read.toString("latin1", 0, end + HEAD_END.length)));
      else if (read.length >= HEADER_BYTES_MAX) settle(refusal(431, "the headers are too long"));
    };
    socket.on("data", take).on("close", gone).on("end", gone);
  });
}

function headOf(text: string): Head | Page {
  const [, method, target] = REQUEST_LINE.exec(text) ?? [];
  if (method === undefined || target === undefined) return refusal(400, "this is no HTTP/1.1 request");
  const [path = "/"] = target.split("?");
  return { method, path };
}

export function refusal(code: number, why: string): Page {
  return { code, type: PLAIN_TEXT, body: `${why}\n` };
}

/** Writes the answer and ends the connection. */
export function sendPage(socket: Socket, { code, type, body }: Page, isHead: boolean): void {
  if (socket.destroyed) return;
  ignoreMore(socket);
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ""}`,
    ...[`content-type: ${type}`, `content-length: ${Buffer.byteLength(body)}`, "connection: close"],
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${isHead ? "" : body}`);
}

/** With unread bytes the kernel would reset the connection, and the caller would lose its answer. */
function ignoreMore(socket: Socket): void {
  let ignored = 0;
  socket.on("data", (chunk: Buffer) => {
    ignored += chunk.length;
    if (ignored > IGNORED_BYTES_MAX) socket.destroy();
  });
}
