import { expect, test } from "vitest";
import { isText, pageOf } from "../../../../src/core/coordinator/calls/page.ts";
import { turns } from "../../../turns.ts";

const ROWS = ["a", "b", "c", "d", "e"];

const page = (pageSize: number, pageToken: string, rows: readonly string[] = ROWS, without = "") =>
  pageOf(
    { pageSize, pageToken },
    {
      ...{ list: "letters", isKey: isText },
      from: (from) => rows.filter((row) => row >= (from ?? "")),
      keyOf: (row: string) => row,
      matches: (row) => row !== without,
    },
  );

function all(pageSize: number, without = ""): string[][] {
  const pages: string[][] = [];
  let token = "";
  const turn = turns("the last page");
  do {
    turn();
    const { rows, nextPageToken } = page(pageSize, token, ROWS, without);
    pages.push(rows);
    token = nextPageToken;
  } while (token !== "");
  return pages;
}

test.each([
  { size: 2, without: "", pages: [["a", "b"], ["c", "d"], ["e"]], why: "the last page is short" },
  { size: 5, without: "", pages: [ROWS], why: "a page that is just full is the last one" },
  { size: 0, without: "", pages: [ROWS], why: "no size means as many as fit" },
  {
    size: 2,
    without: "b",
    pages: [
      ["a", "c"],
      ["d", "e"],
    ],
    why: "a page counts the rows that match",
  },
  { size: 4, without: "e", pages: [["a", "b", "c", "d"]], why: "rows that do not match are no further page" },
])("pages of $size: $why", ({ size, without, pages }) => {
  expect(all(size, without)).toEqual(pages);
});

test("a row that goes and one that comes between two pages neither hides nor repeats another", () => {
  const { nextPageToken } = page(2, "");
  expect(page(9, nextPageToken, ["a", "aa", "c", "d"]).rows).toEqual(["c", "d"]);
});

test.each(["x", "bnVsbA", "eyJhIjoxfQ"])("%s is no page token", (token) => {
  expect(() => page(2, token)).toThrow("page token");
});

test("a page is short, whatever its caller asks for, and the next one begins behind it", () => {
  const rows = Array.from({ length: 1_500 }, (_, at) => String(at).padStart(5, "0"));
  for (const size of [0, 100_000]) {
    const first = page(size, "", rows);
    expect(first.rows).toHaveLength(1_000);
    expect(page(size, first.nextPageToken, rows).rows).toEqual(rows.slice(1_000));
  }
});
