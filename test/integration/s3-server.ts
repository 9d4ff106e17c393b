// A real server that speaks S3 (s3rver), on a port of its own. A proxy in front of it answers 503, drops connections
// or never answers, as a busy server does. The server knows only the access key S3RVER, and it computes no signatures
// of version 4. The proxy computes them, and refuses what this user has not signed.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { present } from "../../src/core/base/assert.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { refusalOf } from "./request-signature.ts";

export const S3_USER = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" } as const;
const BUCKET = "fleet-snapshots";
const SECRETS = new Map([[S3_USER.AWS_ACCESS_KEY_ID, S3_USER.AWS_SECRET_ACCESS_KEY]]);

/** `swallow`: no answer, and the connection stays; `stall`: an answer that stops in the middle. */
type Fault = "none" | "busy" | "drop-after-headers" | "swallow" | "stall";

export class S3Server {
  readonly folder: string;
  readonly #server: ChildProcess;
  readonly #door: Server;
  #fault: Fault = "none";
  #faultsLeft = 0;

  private constructor(folder: string, server: ChildProcess, port: number) {
    this.folder = folder;
    this.#server = server;
    this.#door = createServer(async (incoming, outgoing) => {
      const fault = this.#faultsLeft > 0 ? this.#fault : "none";
      this.#faultsLeft = Math.max(0, this.#faultsLeft - 1);
      if (fault === "busy") {
        incoming.resume();
        refuse(outgoing, 503, "SlowDown");
        return;
      }
      if (fault === "drop-after-headers") {
        incoming.destroy();
        return;
      }
      if (fault === "swallow") {
        incoming.resume();
        return;
      }
      if (fault === "stall") {
        incoming.resume();
        outgoing.writeHead(200, { "content-length": "1000" });
        outgoing.write("half");
        return;
      }
      const body = await buffer(incoming);
      const refusal = refusalOf(incoming, body, SECRETS);
      if (refusal === null) passOn(port, incoming, body, outgoing);
      else refuse(outgoing, 403, refusal);
    });
  }

  static async open(): Promise<S3Server> {
    const folder = await makeFolder();
    const child = fileURLToPath(new URL("s3-server-child.ts", import.meta.url));
    const server = spawn(process.execPath, ["--openssl-legacy-provider", child, folder, BUCKET], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [line] = await once(present(server.stdout, "it is piped"), "data");
    const port = Number(String(line).trim());
    const opened = new S3Server(folder, server, port);
    await new Promise<void>((resolve) => opened.#door.listen(0, "127.0.0.1", resolve));
    return opened;
  }

  /** As an operator writes it. */
  place(prefix: string, bucket = BUCKET): string {
    const { port } = this.#door.address() as AddressInfo;
    return `s3://${bucket}/${prefix}?endpoint=http://127.0.0.1:${port}`;
  }

  /** The next `count` requests meet the fault. */
  fail(fault: Fault, count: number): void {
    this.#fault = fault;
    this.#faultsLeft = count;
  }

  async close(): Promise<void> {
    this.#door.closeAllConnections();
    await new Promise((resolve) => this.#door.close(resolve));
    const exited = once(this.#server, "exit");
    this.#server.stdin?.end();
    await exited;
    await removeFolder(this.folder);
  }
}

function passOn(port: number, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): void {
  const { method, url: path, headers } = incoming;
  const onward = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  onward.end(body);
}

function refuse(outgoing: ServerResponse, status: number, code: string): void {
  outgoing.writeHead(status, { "content-type": "application/xml" });
  outgoing.end(`<Error><Code>${code}</Code><Message>as a test wants it</Message></Error>`);
}
