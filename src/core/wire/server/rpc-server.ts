// A gRPC server of ours, over our own HTTP/2 (ADR-0024, ADR-0058). It has services with a rule for each method, health
// and reflection, and one entry for all calls.

import type { ChannelOptions, MethodDefinition } from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import { systemClock } from "../../base/clock.ts";
import { nodeLoop } from "../../base/event-loop.ts";
import type { Log } from "../../base/log.ts";
import type { Rate } from "../../base/pace.ts";
import { Http2Server } from "../http2/http2-server.ts";
import type { RpcError } from "../rpc-error.ts";
import type { Identity } from "../tls/identity.ts";
import type { Tls } from "../tls/tls.ts";
import { bindServer, secureContextOf } from "./bind-server.ts";
import { CallBudgets } from "./call-budgets.ts";
import { type Gate, guardDoor, isStranger } from "./call-door.ts";
import type { ConnectionRoom } from "./connection-limits.ts";
import { type Denied, DeniedCalls } from "./denied-calls.ts";
import { HandshakePace } from "./handshake-pace.ts";
import { HeldRefusals } from "./held-refusals.ts";
import type { LimitsOf } from "./identity-limits.ts";
import type { InternalErrors } from "./internal-errors.ts";
import { LateRequests } from "./late-requests.ts";
import { Logins } from "./logins.ts";
import type { MethodRule, ServiceRules } from "./method-rules.ts";
import { OpenConnections } from "./open-connections.ts";
import { OverheadBytes } from "./overhead-bytes.ts";
import { PacedMessages } from "./paced-messages.ts";
import { PacedReading } from "./paced-reading.ts";
import { RefusedCallers } from "./refused-callers.ts";
import type { ServedStream, StreamHandler } from "./stream-call.ts";
import type { Implementation, ServedMethod, UnaryMethod } from "./unary-calls.ts";

export interface RpcServerOptions {
  readonly tls: Tls;
  readonly errors: InternalErrors;
  readonly log: Log;
  readonly options: ChannelOptions;
  /** Without a gate every call starts at once. */
  readonly gate?: Gate;
  /** How much of a pass of the event loop new calls may use; by default of this process's loop. */
  readonly reading?: PacedReading;
  /** For connections; by default derived from the number of files that this process may open. */
  readonly room?: ConnectionRoom;
  /** By default as on a coordinator's ports. */
  readonly limitsOf?: LimitsOf;
  /** For bytes that belong to no call, of one identity. */
  readonly overhead?: Rate;
  /** For wasted bytes of one caller. */
  readonly waste?: Rate;
}

export interface CallerCounts {
  /** By reason. */
  readonly denied: ReadonlyMap<string, number>;
  /** By kind of identity. */
  readonly logins: ReadonlyMap<string, number>;
  /** By kind of identity and limit. */
  readonly limited: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** What of callers that keep being refused was slowed. */
  readonly slowed: ReadonlyMap<string, number>;
}

/** A generated definition; the types of its serializers differ for each method. */
type Definition<Service> = {
  readonly [Name in keyof Implementation<Service>]: Pick<MethodDefinition<unknown, unknown>, "path">;
};

/** Ready answers leave in a turn or two; a stream that stays open for longer is cut off. */
const GRACE_MS = 250;

/** gRPC's names of what HTTP/2 needs (channel-options.ts). */
function http2OptionsOf(options: ChannelOptions) {
  return {
    maxStreams: options["grpc.max_concurrent_streams"] ?? STREAMS_MAX,
    keepalive: {
      everyMs: options["grpc.keepalive_time_ms"] ?? KEEPALIVE_MS,
      withinMs: options["grpc.keepalive_timeout_ms"] ?? KEEPALIVE_MS,
      needsCall: options["grpc.keepalive_permit_without_calls"] === 0,
    },
  };
}

const STREAMS_MAX = 8_192;
const KEEPALIVE_MS = 20_000;

export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #server: Http2Server;
  readonly #rules = new Map<string, MethodRule>();
  readonly #unary = new Map<string, ServedMethod>();
  readonly #streams = new Map<string, ServedStream>();
  readonly #denied: DeniedCalls;
  readonly #connections = new OpenConnections();
  readonly #logins: Logins;
  readonly #budgets: CallBudgets;
  readonly #refused: RefusedCallers;
  #address: string | null = null;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    const { log, tls, errors } = options;
    const now = systemClock.monotonicMs;
    this.#denied = new DeniedCalls(log, now);
    this.#refused = new RefusedCallers(log, this.#denied, now, options.waste);
    const handshakes = new HandshakePace(now);
    this.#server = new Http2Server({
      secureContext: secureContextOf(tls),
      ...http2OptionsOf(options.options),
      onBug: (error) => errors.note(error, "a connection"),
      handshakeWaitMs: (from) => handshakes.waitMs(from, this.#refused),
    });
    this.#logins = new Logins(log, now);
    this.#budgets = new CallBudgets(log, now, this.#refused, options.limitsOf);
  }

  /**
   * For a caller that a handler refuses because of its identity: counted and logged like those that are
   * refused at the entry.
   */
  noteDenied(denied: Denied): void {
    this.#denied.note(denied);
  }

  /** Counts a further request on a stream like a call of its own; an error refuses it. */
  countRequest(identity: Identity): RpcError | null {
    return this.#budgets.again(identity, isStranger(identity, this.#options.gate));
  }

  /** See `CallBudgets.streamRoomOf`. */
  streamRoomOf(identity: Identity): () => boolean {
    return this.#budgets.streamRoomOf(identity);
  }

  /** Logins, refused callers, and callers beyond their limits, as numbers. */
  get callers(): CallerCounts {
    const { counts: slowed } = this.#refused;
    return {
      ...{ denied: this.#denied.counts, logins: this.#logins.counts, limited: this.#budgets.counts },
      slowed,
    };
  }

  /**
   * To be called before it listens. `Service` is the generated interface of the handlers; the unary ones are
   * ours.
   */
  addService<Service>(
    definition: Definition<Service>,
    implementation: Implementation<Service>,
    rules: ServiceRules<Implementation<Service>>,
  ): void {
    const { errors } = this.#options;
    const methods = implementation as Readonly<Record<string, unknown>>;
    const ruleOf = rules as Readonly<Record<string, MethodRule>>;
    for (const [name, method] of Object.entries<MethodDefinition<unknown, unknown>>(definition as never)) {
      const { path, requestStream, responseStream } = method;
      const rule = ruleOf[name];
      assert(rule !== undefined, "a method has its rule");
      this.#rules.set(path, rule);
      if (requestStream || responseStream) {
        this.#streams.set(path, {
          definition: method,
          handler: methods[name] as StreamHandler,
          rule,
          errors,
        });
      } else {
        const served = methods[name] as UnaryMethod<unknown, unknown>;
        this.#unary.set(path, { definition: method, method: served, rule, errors });
      }
    }
  }

  /** Resolves to the address with the real port; throws an OperatorError when it can't listen on `listen`. */
  async listen(listen: string): Promise<string> {
    const { tls, gate, room, errors, limitsOf, reading = new PacedReading(nodeLoop) } = this.#options;
    guardDoor(this.#server, {
      ...{ tls, gate, reading, room, limitsOf, errors, denied: this.#denied, connections: this.#connections },
      ...{ logins: this.#logins, budgets: this.#budgets, held: new HeldRefusals(), late: new LateRequests() },
      ...{ refused: this.#refused, messages: new PacedMessages(nodeLoop) },
      overhead: new OverheadBytes(this.#denied, systemClock.monotonicMs, this.#options.overhead),
      ruleOf: (path) => this.#rules.get(path),
      unaryOf: (path) => this.#unary.get(path),
      streamOf: (path) => this.#streams.get(path),
    });
    this.#address = await bindServer(this.#server, listen, tls);
    return this.#address;
  }

  /** Accepts no more calls; resolves when its connections have ended. */
  async close(): Promise<void> {
    if (this.#address !== null) await this.#server.close(GRACE_MS);
  }
}
