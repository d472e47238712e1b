const GAP = 4;
const LEAST = 160;
const MOST = 360;

/** Where a list stands that belongs to a field: under it, or above where there is more room. In CSS, for `position: fixed`. */
export function placedUnder(field: Pick<DOMRect, "left" | "top" | "bottom" | "width">, width: number, height: number) {
  const below = height - field.bottom - 2 * GAP;
  const above = field.top - 2 * GAP;
  const isUnder = below >= Math.min(MOST, LEAST) || below >= above;
  const wide = Math.min(Math.max(field.width, 200), width - 2 * GAP);
  return {
    left: `${Math.max(GAP, Math.min(field.left, width - wide - GAP))}px`,
    minWidth: `${wide}px`,
    maxWidth: `${Math.min(480, width - 2 * GAP)}px`,
    maxHeight: `${Math.min(MOST, isUnder ? below : above)}px`,
    top: isUnder ? `${field.bottom + GAP}px` : "auto",
    bottom: isUnder ? "auto" : `${height - field.top + GAP}px`,
  };
}
