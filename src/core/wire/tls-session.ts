// The connection that a call came on, as a key for what holds as long as it does. grpc-js has no name for it, so this
// looks behind its types; where another version has another shape there is no key, and only time is lost.

interface Layer {
  readonly call?: Layer;
  readonly nextCall?: Layer;
  readonly stream?: { readonly session?: Session };
}

interface Session {
  readonly destroyed: boolean;
  readonly socket: { readonly destroyed: boolean } | undefined;
}

/** Null: it is not known, or the connection is gone. */
export function liveSessionOf(call: object): object | null {
  let layer = (call as Layer).call;
  while (layer?.nextCall !== undefined) layer = layer.nextCall;
  const session = layer?.stream?.session;
  const isLive = session !== undefined && session !== null && !session.destroyed;
  return isLive && session.socket?.destroyed === false ? session : null;
}
