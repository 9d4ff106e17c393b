import { expect, test } from "vitest";
import { parseS3Place } from "../../../src/core/export/place.ts";

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
