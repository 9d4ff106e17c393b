// etcdctl's output on a fleet beside its output on an etcd, command by command.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { STEPS, type Step } from "./etcdctl-steps.ts";
import type { Subject } from "./subject.ts";
import { withoutLog } from "./without-log.ts";

const PATIENCE_MS = 60_000;
/** Once it has printed its lines, it may print no more: time for that. */
const AFTERWARDS_MS = 300;

export interface Compared {
  readonly step: Step;
  readonly fleet: string;
  readonly etcd: string;
}

export const isAsExpected = ({ step, fleet, etcd }: Compared): boolean =>
  (fleet === etcd) === (step.reason === undefined);

export async function compareEtcdctl(
  fleet: Subject,
  etcd: Subject,
  onStep: (compared: Compared) => void,
  steps: readonly Step[] = STEPS,
): Promise<void> {
  const [ours, theirs] = [new Session(fleet), new Session(etcd)];
  for (const step of steps) {
    if (step.inNextSecond === true) await sleep(1_000);
    onStep({ step, fleet: await ours.run(step), etcd: await theirs.run(step) });
  }
}

/** `get "" --prefix` → get, an empty word, --prefix. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

class Session {
  readonly #subject: Subject;
  #lease = "";
  #member = "";

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** What it prints and how it ends, without what differs between any two clusters. */
  async run(step: Step): Promise<string> {
    const words = wordsOf(step.words.replace("$LEASE", this.#lease).replace("$MEMBER", this.#member));
    const { output, exit } = await this.#etcdctl(words, step);
    const [, granted] = /^lease ([0-9a-f]+) granted/.exec(output) ?? [];
    if (granted !== undefined) this.#lease = granted;
    const [, added] = /^Member +([0-9a-f]+) added/.exec(output) ?? [];
    if (added !== undefined) this.#member = added;
    let shown = this.#subject.endpoints.reduce(
      (text, each, at) => text.replaceAll(each, `HOST-${at + 1}`),
      output,
    );
    for (const [what, as] of [...ALWAYS, ...(step.hide ?? [])]) shown = shown.replaceAll(all(what), as);
    if (step.isSorted === true) shown = shown.split("\n").sort().join("\n");
    return `${shown}exit ${exit}`;
  }

  async #etcdctl(words: readonly string[], { input, lines }: Step) {
    const child = spawn("etcdctl", [...flagsOf(this.#subject), ...words], {
      stdio: "pipe",
      env: { ...process.env, ETCDCTL_API: "3" },
      detached: true,
    });
    const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => {
      stdout += text;
      if (lines !== undefined && stdout.split("\n").length > lines) {
        setTimeout(() => child.kill("SIGINT"), AFTERWARDS_MS);
      }
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.stdin.on("error", () => undefined);
    // An interactive watch ends with its input.
    if (lines === undefined) child.stdin.end(input ?? "");
    else child.stdin.write(input ?? "");
    const [code, signal] = await once(child, "close");
    clearTimeout(patience);
    return { output: stdout + withoutLog(stderr), exit: code ?? signal };
  }
}

const all = (pattern: RegExp) => new RegExp(pattern.source, [...new Set(`${pattern.flags}g`)].join(""));

const ALWAYS: readonly (readonly [RegExp, string])[] = [
  [/"(cluster_id|member_id|raft_term)":\d+/g, '"$1":…'],
  // etcdctl ends with a stack trace for some comparisons, on any server.
  [/0x[0-9a-f]+\??/g, "0x…"],
  [/https?:\/\/HOST/g, "HOST"],
  [/"(ClusterID|MemberID|RaftTerm)" : \d+/g, '"$1" : …'],
];

function flagsOf({ endpoints, tls }: Subject): string[] {
  const addresses = endpoints.map((each) => (tls === null ? each : `https://${each}`)).join(",");
  const files = tls === null ? [] : ["--cacert", tls.ca, "--cert", tls.cert, "--key", tls.key];
  return ["--endpoints", addresses, ...files];
}
