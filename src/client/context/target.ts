// The fleet that a command talks to: its coordinators, the certificates to present, and where these values
// came from.
import type { EtcdTlsFiles } from "../../core/wire/etcd/etcd-channel.ts";
import type { TlsChoice } from "../../core/wire/tls/tls.ts";
import { ADMIN, holderTls } from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";

/** One coordinator. Only a local fleet's id and name are known. */
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

/**
 * How an etcd cluster's ports are reached. Its authority may ask for no client certificate. "plaintext" is
 * what a context said; "insecure-loopback" works on loopback only.
 */
export type EtcdTls = EtcdTlsFiles | FleetTls | "plaintext" | "insecure-loopback";

/** A fleet's own store: its servers must be replicas. */
interface FleetTls {
  readonly fleet: TlsChoice;
}

/** The ANSI colours, of the sixteen, that are readable on light and dark. */
export const CONTEXT_COLORS = ["red", "green", "yellow", "blue", "magenta", "cyan"] as const;
export type ContextColor = (typeof CONTEXT_COLORS)[number];

/** A command that runs before a change, in a shell in the folder of contexts.yaml. */
export interface ChangeHook {
  readonly command: string;
  readonly directory: string;
}

/**
 * Commands that end and start a node's process, for drills. They run like a change hook, with
 * FLEET_HOOK_NODE.
 */
export interface DrillHooks {
  readonly kill?: string;
  readonly start?: string;
  readonly directory: string;
}

export interface Target {
  /** The operator's name of the fleet: a context's or fleet's name, or the endpoints themselves. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  readonly tls: TlsChoice;
  /**
   * How the store's ports are reached. Set for a plain etcd cluster, which has no coordinators (`tls` then says
   * nothing), and for the store of a fleet.
   */
  readonly etcd?: EtcdTls;
  /** The folder of a local fleet, absolute. Only such a fleet's processes can be started or killed. */
  readonly directory?: string;
  /** Where the endpoints came from. */
  readonly origin: string;
  /** The name in fleet.yaml. */
  readonly clusterName?: string;
  /** The context forbids changes. */
  readonly readOnly?: boolean;
  /** The context's colour, so that fleets are not confused. */
  readonly color?: ContextColor;
  readonly beforeChange?: ChangeHook;
  readonly hooks?: DrillHooks;
  readonly settings: readonly Setting[];
}

/**
 * A fleet that a folder or context names. Its TLS files are among the settings, which others may override.
 */
export type NamedFleet = Omit<Target, "tls">;

/** The fleet in a local folder, with its administrator's certificate. */
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
