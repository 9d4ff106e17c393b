// One bundle of all that can be collected, without secrets, and without names if asked for.
import { diagnose } from "../doctor/diagnose.ts";
import { gather } from "../doctor/gather.ts";
import type { FleetClient } from "../fleet-client.ts";
import { keyReport } from "../key/key-status.ts";
import { parseLogLine } from "../logs/log-line.ts";
import { attempted, collectReplies } from "./collect.ts";
import { collectCrash, collectLocal } from "./collect-local.ts";
import { Pseudonyms } from "./pseudonyms.ts";
import { redacted, redactedDeep } from "./redact.ts";
import type { Bundle, BundleHead, Section } from "./section.ts";

export interface BundleOptions {
  readonly version: string;
  readonly nowMs: number;
  /** Of each process's log. */
  readonly linesMax: number;
  /** Random bytes for pseudonyms; null = names stay. */
  readonly anonymousKey: Uint8Array | null;
  readonly env: NodeJS.ProcessEnv;
}

export async function collectBundle(client: FleetClient, options: BundleOptions): Promise<Bundle> {
  const { target } = client;
  const { version, nowMs, env, linesMax, anonymousKey } = options;
  const [replies, diagnosis, keys, local, crash] = await Promise.all([
    collectReplies(client),
    attempted("doctor", async () => {
      const value = diagnose(target.name, await gather(client, env, nowMs));
      return [{ section: "report", command: "doctor", value }];
    }),
    attempted("key status", async () => [
      { section: "report", command: "key status", value: await keyReport(client) },
    ]),
    collectLocal(target.directory, linesMax),
    collectCrash(env),
  ]);
  const head: BundleHead = {
    ...{ at: new Date(nowMs).toISOString(), version, anonymized: anonymousKey !== null },
    target: { name: target.name, endpoints: target.endpoints.map(({ address }) => address) },
  };
  const sections = [...replies, ...diagnosis, ...keys, ...local, ...crash].map(withoutSecrets);
  return anonymousKey === null ? { head, sections } : anonymous({ head, sections }, anonymousKey);
}

/** Log lines and texts quote anything. Replies have names, which are kept as they are, and texts that people wrote. */
function withoutSecrets(section: Section): Section {
  switch (section.section) {
    case "list":
    case "status":
    case "report":
      return { ...section, value: redactedDeep(section.value) };
    case "log":
      return { ...section, lines: section.lines.map(redacted) };
    case "text":
      return { ...section, text: redacted(section.text) };
    case "missing":
      return { ...section, why: redacted(section.why) };
  }
}

function anonymous({ head, sections }: Bundle, key: Uint8Array): Bundle {
  const names = new Pseudonyms(key);
  names.learn(head.target);
  for (const section of sections) {
    if (section.section === "log") {
      names.learn(section.process, "process");
      for (const line of section.lines) names.learn(parseLogLine(section.process, line).fields);
    } else if (section.section !== "text" && section.section !== "missing") names.learn(section.value);
  }
  const hidden = sections.map((section) => withPseudonyms(section, names));
  const target = {
    name: names.text(head.target.name),
    endpoints: head.target.endpoints.map((one) => names.text(one)),
  };
  return { head: { ...head, target }, sections: hidden };
}

function withPseudonyms(section: Section, names: Pseudonyms): Section {
  switch (section.section) {
    case "list":
    case "status":
    case "report":
      return { ...section, value: names.apply(section.value) as object };
    case "log": {
      const lines = section.lines.map((line) => names.text(line));
      return { ...section, process: names.text(section.process), lines };
    }
    case "text":
      return { ...section, name: names.text(section.name), text: names.text(section.text) };
    case "missing":
      return { ...section, what: names.text(section.what), why: names.text(section.why) };
  }
}
