// A gRPC server of ours: services with a rule for each method, health and reflection, and one entry for all
// calls. Unary calls are served on Node's HTTP/2 streams, streams by grpc-js (ADR-0024).

import {
  type ChannelOptions,
  type MethodDefinition,
  Server,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import { systemClock } from "../../base/clock.ts";
import { nodeLoop } from "../../base/event-loop.ts";
import type { Log } from "../../base/log.ts";
import type { Rate } from "../../base/pace.ts";
import type { RpcError } from "../rpc-error.ts";
import type { Identity } from "../tls/identity.ts";
import type { Tls } from "../tls/tls.ts";
import { bindServer } from "./bind-server.ts";
import { CallBudgets } from "./call-budgets.ts";
import { type Gate, guardDoor } from "./call-door.ts";
import { closeServer } from "./close-server.ts";
import type { ConnectionRoom } from "./connection-limits.ts";
import { type Denied, DeniedCalls } from "./denied-calls.ts";
import { guardedDefinition, guardedHandler, type StreamHandler } from "./guarded-service.ts";
import { HeldRefusals } from "./held-refusals.ts";
import type { LimitsOf } from "./identity-limits.ts";
import type { InternalErrors } from "./internal-errors.ts";
import { Logins } from "./logins.ts";
import { FIELDS_MAX, type MethodRule, type ServiceRules } from "./method-rules.ts";
import { OpenConnections } from "./open-connections.ts";
import { OverheadBytes } from "./overhead-bytes.ts";
import { PacedReading } from "./paced-reading.ts";
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
}

export interface CallerCounts {
  /** By reason. */
  readonly denied: ReadonlyMap<string, number>;
  /** By kind of identity. */
  readonly logins: ReadonlyMap<string, number>;
  /** By kind of identity and limit. */
  readonly limited: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** A generated definition; the types of its serializers differ for each method. */
type Definition<Service> = {
  readonly [Name in keyof Implementation<Service>]: Pick<MethodDefinition<unknown, unknown>, "path">;
};

export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #server: Server;
  readonly #rules = new Map<string, MethodRule>();
  readonly #unary = new Map<string, ServedMethod>();
  readonly #denied: DeniedCalls;
  readonly #connections = new OpenConnections();
  readonly #logins: Logins;
  readonly #budgets: CallBudgets;
  #address: string | null = null;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#server = new Server(options.options);
    const { log } = options;
    this.#denied = new DeniedCalls(log, systemClock.monotonicMs);
    this.#logins = new Logins(log, systemClock.monotonicMs);
    this.#budgets = new CallBudgets(log, systemClock.monotonicMs, options.limitsOf);
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
    return this.#budgets.again(identity);
  }

  /** Logins, refused callers, and callers beyond their limits, as numbers. */
  get callers(): CallerCounts {
    return { denied: this.#denied.counts, logins: this.#logins.counts, limited: this.#budgets.counts };
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
    const streams: Record<string, MethodDefinition<unknown, unknown>> = {};
    const handlers: Record<string, StreamHandler> = {};
    const methods = implementation as Readonly<Record<string, unknown>>;
    const ruleOf = rules as Readonly<Record<string, MethodRule>>;
    for (const [name, method] of Object.entries<MethodDefinition<unknown, unknown>>(definition as never)) {
      const { path, requestStream, responseStream } = method;
      const rule = ruleOf[name];
      assert(rule !== undefined, "a method has its rule");
      this.#rules.set(path, rule);
      if (requestStream || responseStream) {
        streams[name] = guardedDefinition(method, errors, rule.fieldsMax ?? FIELDS_MAX);
        handlers[name] = guardedHandler(methods[name] as StreamHandler, path, errors);
      } else {
        const served = methods[name] as UnaryMethod<unknown, unknown>;
        this.#unary.set(path, { definition: method, method: served, rule, errors });
      }
    }
    // grpc-js refuses a service without methods.
    if (Object.keys(streams).length === 0) return;
    this.#server.addService(streams, handlers as unknown as UntypedServiceImplementation);
  }

  /** Resolves to the address with the real port; throws an OperatorError when it can't listen on `listen`. */
  async listen(listen: string): Promise<string> {
    const { tls, gate, room, errors, limitsOf, reading = new PacedReading(nodeLoop) } = this.#options;
    const address = await bindServer(this.#server, listen, tls);
    guardDoor(this.#server, {
      ...{ tls, gate, reading, room, limitsOf, errors, denied: this.#denied, connections: this.#connections },
      ...{ logins: this.#logins, budgets: this.#budgets, held: new HeldRefusals() },
      overhead: new OverheadBytes(this.#denied, systemClock.monotonicMs, this.#options.overhead),
      ruleOf: (path) => this.#rules.get(path),
      unaryOf: (path) => this.#unary.get(path),
    });
    this.#address = address;
    return address;
  }

  /** Accepts no more calls; resolves when its connections have ended. */
  async close(): Promise<void> {
    if (this.#address !== null) await closeServer(this.#server, this.#address);
  }
}
