// The rules of labels: Kubernetes' own, so that a node's labels can be used unchanged. Labels of demand come
// from tenants' agents and appear in reports, plans and tables. Labels of clusters and shards are operators'.

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const PREFIX =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** In one group of demand, and of one cluster or shard. */
export const LABELS_MAX = 32;
/** Keys and values of one cluster or shard: a fleet keeps tens of thousands of such rows in memory. */
export const LABEL_BYTES_MAX = 1_024;

/** The rule of labels in words. */
export const LABEL_RULE =
  "a label has 1 to 63 of a-z A-Z 0-9 . _ - with a letter or digit at both ends. Its key may have a DNS name and / before that, its value may be empty";

/** Whether `text` is a label's key: [prefix/]name. */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash < 0) return NAME.test(text);
  return PREFIX.test(text.slice(0, slash)) && NAME.test(text.slice(slash + 1));
}

/** Whether `text` is a label's value. */
export function isLabelValue(text: string): boolean {
  return text === "" || NAME.test(text);
}

/** Whether all of them are valid labels, and not more than a group may have. */
export function areLabels(labels: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(labels);
  return (
    entries.length <= LABELS_MAX && entries.every(([key, value]) => isLabelKey(key) && isLabelValue(value))
  );
}
