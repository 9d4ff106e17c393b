// Which part of an operation a function belongs to: the innermost module of ours on the stack decides. The time of
// encoders and other helpers belongs to their callers.

interface Frame {
  readonly functionName: string;
  readonly url: string;
}

const STAGES: readonly (readonly [stage: string, rooms: RegExp])[] = [
  [
    "call: door, decoding, services, answer",
    /\/core\/(wire|coordinator\/(calls|services|etcd|cluster-version))\//,
  ],
  ["applying, audit and sessions among it", /\/core\/(fleet|kv)\//],
  ["Raft", /\/core\/raft\//],
  ["driver: proposals, waiting calls, turns", /\/core\/coordinator\/(group|host)\//],
  ["disk, without its thread", /\/core\/(storage|coordinator\/faults)\/|\/core\/base\/disk-files/],
  ["peers: frames, streams", /\/core\/transport\//],
  ["export of audit entries", /\/core\/(audit|coordinator\/exports)\//],
  ["other modules of ours", /\/dist\/core\/(?!base\/|wire\/gen\/)/],
];
const HELPERS = /\/core\/(base\/(?!disk-files)|wire\/gen\/)|node_modules/;

export const STAGE_NAMES: readonly string[] = [
  ...STAGES.map(([name]) => name),
  "encoding that no module of ours asked for",
  "Node: HTTP/2 and streams outside our functions",
  "native code and system calls",
  "garbage collection on this thread",
];

/** `stack`: the innermost frame first. */
export function stageOf(stack: readonly Frame[]): string {
  const [innermost] = stack;
  if (innermost?.functionName === "(garbage collector)") return "garbage collection on this thread";
  if (innermost?.functionName === "(program)") return "native code and system calls";
  const own = stack.find(({ url }) => url.includes("/dist/") && !HELPERS.test(url));
  const stage = own && STAGES.find(([, rooms]) => rooms.test(own.url));
  if (stage !== undefined) return stage[0];
  const isEncoding = stack.some(({ url }) => HELPERS.test(url) && !url.includes("grpc-js"));
  return isEncoding
    ? "encoding that no module of ours asked for"
    : "Node: HTTP/2 and streams outside our functions";
}
