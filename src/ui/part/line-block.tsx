// Lines below one another.
import { Box } from "ink";
import { type Paint, paintLine, type Segment } from "../model/paint.ts";
import { StyledLine } from "./styled-line.tsx";

interface LineBlockProps {
  readonly lines: readonly (readonly Segment[])[];
  readonly paint: Paint;
}

export function LineBlock({ lines, paint }: LineBlockProps) {
  // Blanks at the end are there already, and each character of a frame costs time. A line without any text would have no height.
  const texts = lines.map((line, row) => ({ row, text: paintLine(line, paint).trimEnd() || " " }));
  return (
    <Box flexDirection="column">
      {texts.map(({ row, text }) => (
        <StyledLine key={row} text={text} />
      ))}
    </Box>
  );
}
