// Labels as Kubernetes has them.
import { expect, test } from "vitest";
import { areLabels, isLabelKey, LABELS_MAX } from "../../../src/core/base/labels.ts";
import { hostileTexts } from "./hostile-text.ts";

test.each([
  { key: "zone", is: true, why: "a name" },
  { key: "topology.kubernetes.io/zone", is: true, why: "with a prefix" },
  { key: "A_b.c-9", is: true, why: "all that a name may have" },
  { key: "a".repeat(63), is: true, why: "63 characters" },
  { key: "a".repeat(64), is: false, why: "64 are too many" },
  { key: "", is: false, why: "a key is not empty" },
  { key: "-a", is: false, why: "a letter or digit at both ends" },
  { key: "a.", is: false, why: "a letter or digit at both ends" },
  { key: "a/b/c", is: false, why: "one prefix" },
  { key: "/a", is: false, why: "a prefix is not empty" },
  { key: "A.io/a", is: false, why: "a prefix is a DNS name" },
  { key: `${"a".repeat(254)}/a`, is: false, why: "a prefix has 253 characters" },
  { key: "zone\n", is: false, why: "no line ends" },
  { key: "zöne", is: false, why: "ASCII" },
])("$key: $why", ({ key, is }) => expect(isLabelKey(key)).toBe(is));

test("values may be empty, and follow the same rule without a prefix", () => {
  expect(areLabels({ zone: "" })).toBe(true);
  expect(areLabels({ zone: "eu-1a", "instance-type": "m5.large" })).toBe(true);
  expect(areLabels({ zone: "a/b" })).toBe(false);
});

test("a group has so many and no more", () => {
  const labels = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`l${at}`, "v"]));
  expect(areLabels(labels(LABELS_MAX))).toBe(true);
  expect(areLabels(labels(LABELS_MAX + 1))).toBe(false);
});

test("no label has a character that a terminal, a shell or YAML reads otherwise", () => {
  for (const text of hostileTexts(61, 3_000)) {
    if (areLabels({ [text]: text })) expect(text).toMatch(/^[A-Za-z0-9._-]*$/);
  }
});

test("a key of a megabyte is none", () => {
  expect(isLabelKey(`${"a.".repeat(500_000)}/a`)).toBe(false);
  expect(isLabelKey("a-".repeat(500_000))).toBe(false);
});
