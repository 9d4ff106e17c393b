// A frame of the dashboard placed on the screen: header on top, footer at the bottom, the view between.
import { Box, Spacer } from "ink";
import type { Look } from "../model/paint.ts";
import { type FrameSize, topFrame } from "../model/top/frame.ts";
import type { TopState } from "../model/top/state.ts";
import { LineBlock } from "../part/line-block.tsx";

interface TopFrameViewProps {
  readonly state: TopState;
  readonly size: FrameSize;
  readonly look: Look;
  /** Whether the footer is in the last row even when there is little to show. */
  readonly fills: boolean;
}

export function TopFrameView({ state, size, look, fills }: TopFrameViewProps) {
  const { header, body, footer } = topFrame(state, size, look.symbols);
  return (
    <Box flexDirection="column" {...(fills ? { height: size.rows } : {})}>
      <LineBlock lines={header} paint={look.paint} />
      <LineBlock lines={body} paint={look.paint} />
      <Spacer />
      <LineBlock lines={[footer]} paint={look.paint} />
    </Box>
  );
}
