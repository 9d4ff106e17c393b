// Which fleet a command talks to: where its coordinators are, what to show them, and who said so.
import type { TlsChoice } from "../../core/wire/tls/tls.ts";
import { ADMIN, holderTls } from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";

/** One coordinator. Its id and name are known only of local fleets. */
export interface Endpoint {
  readonly nodeId?: number;
  readonly name?: string;
  /** host:port */
  readonly address: string;
}

/** One value of a target and where it came from, for `fleet context view --show-origin`. */
export interface Setting {
  readonly key: "endpoints" | "ca" | "cert" | "key" | "directory" | "readOnly" | "color" | "beforeChange";
  readonly value: string;
  readonly origin: string;
}

/** Those of the sixteen ANSI colours that stand out on light and dark. */
export const CONTEXT_COLORS = ["red", "green", "yellow", "blue", "magenta", "cyan"] as const;
export type ContextColor = (typeof CONTEXT_COLORS)[number];

/** A command that is asked before a change, run by a shell in the folder of contexts.yaml. */
export interface ChangeHook {
  readonly command: string;
  readonly directory: string;
}

/** Commands that end and start a node's process, for drills. They run as a change hook does, with FLEET_HOOK_NODE. */
export interface DrillHooks {
  readonly kill?: string;
  readonly start?: string;
  readonly directory: string;
}

export interface Target {
  /** What the operator calls the fleet: a context's or fleet's name, or the endpoints themselves. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  readonly tls: TlsChoice;
  /** The folder of a local fleet, absolute. Only there can its processes be started or killed. */
  readonly directory?: string;
  /** Where the endpoints came from. */
  readonly origin: string;
  /** The name in fleet.yaml. */
  readonly clusterName?: string;
  /** The context asks that nothing be changed through it. */
  readonly readOnly?: boolean;
  /** The context's colour, so that one fleet is not taken for another. */
  readonly color?: ContextColor;
  readonly beforeChange?: ChangeHook;
  readonly hooks?: DrillHooks;
  readonly settings: readonly Setting[];
}

/** A fleet that a folder or context names. Its TLS files are among the settings, where others may replace them. */
export type NamedFleet = Omit<Target, "tls">;

/** The fleet in a local folder, seen as its administrator. */
export function localTarget(fleet: LocalFleet, origin: string): Target {
  const { directory, file } = fleet;
  const tls = holderTls(directory, ADMIN);
  const endpoints = file.nodes.map(({ id, name, address }) => ({ nodeId: id, name, address }));
  return {
    name: file.name,
    endpoints,
    tls,
    directory,
    origin,
    clusterName: file.name,
    settings: [
      { key: "directory", value: directory, origin },
      { key: "endpoints", value: formatEndpoints(endpoints), origin },
      { key: "ca", value: tls.ca, origin },
      { key: "cert", value: tls.cert, origin },
      { key: "key", value: tls.key, origin },
    ],
  };
}

/** Addresses as `--endpoints` takes them. */
export function formatEndpoints(endpoints: readonly Endpoint[]): string {
  return endpoints.map((endpoint) => endpoint.address).join(",");
}
