// Writes one scrape of a process in Prometheus' text format 0.0.4. Pure. Deliberately absent: registries and
// counters of its own. Values are read at each scrape from the objects that own them. What must stay true: an
// unknown value is left out, never exposed as zero.

import { assert } from "../base/assert.ts";
import type { HistogramSnapshot } from "../base/histogram.ts";
import { type Label, METRICS, type Metric, type MetricName } from "./catalog.ts";

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Partial<Record<Label, string>>>;

const MS_PER_SECOND = 1_000;

export class Exposition {
  readonly #lines = new Map<MetricName, string[]>();

  /** Null = unknown. */
  set(name: MetricName, value: number | boolean | null, labels: Labels = {}): void {
    const metric: Metric = METRICS[name];
    const given = Object.keys(labels).sort();
    assert(metric.type !== "histogram", "a histogram is set by its snapshot");
    assert(given.join() === [...metric.labels].sort().join(), "a value has exactly its metric's labels");
    if (value !== null) this.#add(name, `${name}${braced(labels)} ${Number(value)}`);
  }

  /** A distribution of milliseconds, exposed in seconds. */
  setDurations(name: MetricName, { bounds, cumulative, count, sum }: HistogramSnapshot): void {
    assert(METRICS[name].type === "histogram", "only a histogram has buckets");
    bounds.forEach((bound, at) => {
      this.#add(name, `${name}_bucket{le="${bound / MS_PER_SECOND}"} ${cumulative[at] ?? 0}`);
    });
    this.#add(name, `${name}_bucket{le="+Inf"} ${count}`);
    this.#add(name, `${name}_sum ${sum / MS_PER_SECOND}`);
    this.#add(name, `${name}_count ${count}`);
  }

  text(): string {
    const names = Object.keys(METRICS) as MetricName[];
    return names.flatMap((name) => this.#family(name)).join("");
  }

  #add(name: MetricName, line: string): void {
    const lines = this.#lines.get(name) ?? [];
    lines.push(`${line}\n`);
    this.#lines.set(name, lines);
  }

  #family(name: MetricName): string[] {
    const lines = this.#lines.get(name);
    if (lines === undefined) return [];
    const { type, help } = METRICS[name];
    return [`# HELP ${name} ${escapeHelp(help)}\n`, `# TYPE ${name} ${type}\n`, ...lines];
  }
}

function braced(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeHelp(help: string): string {
  return help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeValue(value: string): string {
  return escapeHelp(value).replaceAll('"', '\\"');
}
