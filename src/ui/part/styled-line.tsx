// One line of the dashboard: a single text that is already padded and painted. A box per cell costs twice as much
// a frame, and an unchanged line is not drawn again.
import { Text } from "ink";
import { memo } from "react";

export const StyledLine = memo(function StyledLine({ text }: { readonly text: string }) {
  return <Text wrap="truncate">{text}</Text>;
});
