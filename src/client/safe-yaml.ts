// YAML for people and for files, of values that others may have chosen. Characters that can't be shown safely
// are escaped in double quotes and parse to the same text. What must stay true: no text ends its scalar, its
// comment or its line.

import { Document, type ToStringOptions, visit } from "yaml";
import { isPrintable, printable, printableJson } from "../core/base/printable.ts";

/** The value, or the document with its comments. */
export function safeYaml(content: unknown, options: ToStringOptions = {}): string {
  const document = content instanceof Document ? content : new Document(content);
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === "string" && !isPrintable(node.value)) node.type = "QUOTE_DOUBLE";
    },
    Node: (_, node) => escapeComments(node),
  });
  escapeComments(document);
  // A line end in a text is escaped too: on a line of its own it would look like the document's.
  const yaml = document.toString({ doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER, ...options });
  return printableJson(yaml);
}

interface Commented {
  commentBefore?: string | null;
  comment?: string | null;
}

// A comment ends with its line.
function escapeComments(commented: Commented): void {
  if (typeof commented.commentBefore === "string")
    commented.commentBefore = printable(commented.commentBefore);
  if (typeof commented.comment === "string") commented.comment = printable(commented.comment);
}
