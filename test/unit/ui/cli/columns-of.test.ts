import { expect, test } from "vitest";
import { columnsOf } from "../../../../src/ui/cli/columns-of.ts";

test.each([
  { text: "", columns: 0, why: "nothing" },
  { text: "cluster c10", columns: 11, why: "letters" },
  { text: "\u001b[32m● up\u001b[39m", columns: 4, why: "colours are not drawn" },
  { text: "Größe", columns: 5, why: "accents" },
  { text: "e\u0301", columns: 1, why: "a mark stands on its letter" },
  { text: "日本", columns: 4, why: "ideographs are two wide" },
  { text: "🚀 go", columns: 5, why: "so are emoji" },
])("$text takes $columns: $why", ({ text, columns }) => expect(columnsOf(text)).toBe(columns));
