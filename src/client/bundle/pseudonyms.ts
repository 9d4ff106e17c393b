// Names and addresses replaced by pseudonyms, so that a bundle can be shown outside of the operator's organization. The same
// name has the same pseudonym within one bundle, and another one in the next: the key of the hash is thrown away. What must
// stay true: text that people wrote (reasons) is left out, because nothing recognizes the names in it.
import { createHmac } from "node:crypto";
import { mapTexts } from "./redact.ts";

const LEFT_OUT = "(left out)";
const DIGITS = 10;

/** Fields whose value is a name, or a list of names, in any reply. */
const NAME_FIELDS = new Set(
  [
    "name, clusterName, nodeName, leaderName, memberName, reporter, runner",
    "shardId, fromShard, toShard, clusterId, ownerShard, region, zone, provider, key, value, process",
    "actor, operator, operators, subject, identity, holder, address, addresses, host, endpoints, planId",
    "instanceType, drillId, file, folder, subjects, openedBy, metadata, names",
    // Of log lines.
    "shard, cluster, node, peer, caller, domain, from, to, by, role",
  ].flatMap((line) => line.split(", ")),
);
/** A denied call's words, which quote the key that it named. */
const QUOTING_FIELD = "what";
const QUOTED = /"((?:\\.|[^"\\])*)"/g;
/** Written by people, or quoting what they wrote. */
const PROSE_FIELDS = new Set(["reason"]);
/** Maps of names to numbers, such as `free_by_zone`, or to names. */
const NAME_MAPS = new Set([
  ...["freeByZone", "listedByZone", "freeByInstanceType", "listedByInstanceType"],
  "labels.entries",
]);
/** What a name consists of; shorter ones are too common in text. */
const WORD = /[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/g;
const IP_V6 = /\[[0-9a-fA-F:.]+\]|(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}/g;
const IP_V4 = /\b\d{1,3}(?:\.\d{1,3}){3}\b/g;
/** A folder of this machine may have its owner's name. */
const PATH = /(?<![\w.])(?:\/[\w.@+~-]+){2,}/g;
/** Words of fleet's own that are no secret, though an operator may use them as names. */
const OWN_WORDS = new Set(
  "fleet admin readonly operator replica shard cluster agent leader follower voter learner active draining removed true false".split(
    " ",
  ),
);

export class Pseudonyms {
  readonly #key: Uint8Array;
  readonly #known = new Map<string, string>();

  /** `key`: random bytes. The caller must not keep them. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Learns the names in a reply. */
  learn(value: unknown, field = ""): void {
    if (typeof value === "string") {
      if (NAME_FIELDS.has(field)) this.#learnText(value);
      if (field === QUOTING_FIELD) for (const [, name = ""] of value.matchAll(QUOTED)) this.#learnText(name);
      return;
    }
    if (Array.isArray(value)) {
      for (const each of value) this.learn(each, field);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      if (NAME_MAPS.has(field)) {
        this.#learnText(key);
        if (typeof each === "string") this.#learnText(each);
      }
      // The values of an audit entry's facts are names, for the most part.
      this.learn(each, field === "metadata" ? field : fieldIn(field, key));
    }
  }

  /** `value` with pseudonyms. All of its names must have been learned before. */
  apply(value: unknown): unknown {
    const texts = mapTexts(value, (text, field) =>
      PROSE_FIELDS.has(field) ? leftOut(text) : this.text(text),
    );
    return this.#withNamedMaps(texts, "");
  }

  /** Free text: the words in it that are names, addresses and paths. */
  text(text: string): string {
    return text
      .replaceAll(PATH, (path) => this.#path(path))
      .replaceAll(IP_V6, (address) => this.#of(address))
      .replaceAll(IP_V4, (address) => this.#of(address))
      .replaceAll(WORD, (word) => this.#known.get(word) ?? word);
  }

  #learnText(text: string): void {
    for (const [word] of text.matchAll(WORD)) {
      if (OWN_WORDS.has(word) || /^\d+$/.test(word)) continue;
      if (!this.#known.has(word)) this.#known.set(word, this.#of(word));
    }
  }

  /** The program's own files keep their place in it, so that a stack can be read. */
  #path(path: string): string {
    const own = /\/(?:dist|node_modules|src)\/.*$/.exec(path)?.[0];
    return own === undefined ? `/${this.#of(path)}` : `/…${own}`;
  }

  #of(name: string): string {
    return `x${createHmac("sha256", this.#key).update(name).digest("hex").slice(0, DIGITS)}`;
  }

  #withNamedMaps(value: unknown, field: string): unknown {
    if (Array.isArray(value)) return value.map((each) => this.#withNamedMaps(each, field));
    if (typeof value !== "object" || value === null) return value;
    const isNamed = NAME_MAPS.has(field);
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        isNamed ? (this.#known.get(key) ?? this.text(key)) : key,
        this.#withNamedMaps(each, fieldIn(field, key)),
      ]),
    );
  }
}

/** Other lists are called `entries` too. */
const fieldIn = (parent: string, key: string): string => (parent === "labels" ? `labels.${key}` : key);

const leftOut = (text: string): string => (text === "" ? "" : LEFT_OUT);
