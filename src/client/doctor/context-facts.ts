// Whether the contexts of this user lead to a reachable fleet.

import { access } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { contextsFilePath, loadContexts } from "../context/contexts-file.ts";

/** An existing host refuses or accepts sooner. */
const CONNECT_TIMEOUT_MS = 1_000;

export interface ContextFacts {
  readonly name: string;
  /** Why it is not reachable; null = it is. */
  readonly problem: string | null;
}

/** Throws CONFIG_INVALID for a file that can't be read. */
export async function contextFacts(env: NodeJS.ProcessEnv): Promise<ContextFacts[]> {
  const { contexts } = await loadContexts(contextsFilePath(env));
  return await Promise.all(
    Array.from(contexts, async ([name, { directory, endpoints }]) => ({
      name,
      problem: directory === undefined ? await unreachable(endpoints) : await withoutFleet(directory),
    })),
  );
}

async function withoutFleet(directory: string): Promise<string | null> {
  const isThere = await access(join(directory, "fleet.yaml")).then(
    () => true,
    () => false,
  );
  return isThere ? null : `${directory} has no fleet.yaml`;
}

async function unreachable(endpoints: readonly string[]): Promise<string | null> {
  const answers = await Promise.all(endpoints.map(accepts));
  return answers.includes(true) ? null : `no endpoint accepts connections: ${endpoints.join(", ")}`;
}

function accepts(address: string): Promise<boolean> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(at + 1)), timeout: CONNECT_TIMEOUT_MS });
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(false));
  });
}
