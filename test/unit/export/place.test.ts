import { expect, test } from "vitest";
import { Exit } from "../../../src/core/base/errors.ts";
import { absolutePlace, openStore } from "../../../src/core/export/open-store.ts";
import { parseS3Place } from "../../../src/core/export/place.ts";
import { s3Error } from "../../../src/core/export/s3-error.ts";

test.each([
  { place: "s3://b", is: { bucket: "b", prefix: "", endpoint: null, region: null, pathStyle: false } },
  {
    place: "s3://b/a/c/",
    is: { bucket: "b", prefix: "a/c/", endpoint: null, region: null, pathStyle: false },
  },
  {
    place: "s3://b/a?endpoint=https://m:9000&region=eu",
    is: { bucket: "b", prefix: "a/", endpoint: "https://m:9000", region: "eu", pathStyle: true },
  },
  {
    place: "s3://b?endpoint=https://m&path-style=false",
    is: { bucket: "b", prefix: "", endpoint: "https://m", region: null, pathStyle: false },
  },
])("$place", ({ place, is }) => expect(parseS3Place(place)).toEqual(is));

test.each([
  { place: "s3://", why: "no bucket" },
  { place: "s3://key:hidden@b/a", why: "credentials do not belong there" },
  { place: "s3://b?endpoint=https://key:hidden@m", why: "nor there" },
  { place: "s3://b?endpont=https://m", why: "a parameter that is none" },
  { place: "s3://b?endpoint=m:9000", why: "no address" },
  { place: "s3://b?path-style=yes", why: "neither true nor false" },
])("$place is refused: $why", ({ place }) => {
  expect(() => parseS3Place(place)).toThrow(expect.objectContaining({ code: "USAGE" }));
  try {
    parseS3Place(place);
  } catch (error) {
    expect(JSON.stringify(error)).not.toContain("hidden");
  }
});

const refusal = expect.objectContaining({
  code: "USAGE",
  parts: expect.objectContaining({
    exit: Exit.Usage,
    why: expect.any(String),
    next: expect.stringMatching(/^name a folder, or s3:\/\//),
  }),
});

test.each(["s3:/b/c", "S3://b/c", "http://x", "file:///tmp/x", "gs://b", "git+ssh:/x", "", " ", "\t\n"])(
  "%j is no place, nor a folder of that name",
  async (place) => {
    expect(() => absolutePlace(place, "/here")).toThrow(refusal);
    await expect(openStore(place)).rejects.toEqual(refusal);
  },
);

test.each([
  { place: "a:b/c", is: "/here/a:b/c" },
  { place: "./s3:/b", is: "/here/s3:/b" },
  { place: "7:/b", is: "/here/7:/b" },
  { place: "a b", is: "/here/a b" },
  { place: "s3://b/c", is: "s3://b/c" },
])("$place means $is", ({ place, is }) => expect(absolutePlace(place, "/here")).toBe(is));

test("a place without a region is told how to get one", () => {
  const error = s3Error("s3://b", parseS3Place("s3://b"), new Error("Region is missing"));
  expect(error.parts.next).toBe("add ?region=REGION to the place, or set AWS_REGION where this runs");
});
