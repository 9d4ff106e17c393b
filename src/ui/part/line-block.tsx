// Lines below one another.
import { Box } from "ink";
import { type Paint, paintLine, type Segment } from "../model/paint.ts";
import { StyledLine } from "./styled-line.tsx";

interface LineBlockProps {
  readonly lines: readonly (readonly Segment[])[];
  readonly paint: Paint;
}

export function LineBlock({ lines, paint }: LineBlockProps) {
  const texts = lines.map((line, row) => ({ row, text: paintLine(line, paint) }));
  return (
    <Box flexDirection="column">
      {texts.map(({ row, text }) => (
        <StyledLine key={row} text={text} />
      ))}
    </Box>
  );
}
