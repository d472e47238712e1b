/** `step 15 of 20`, where a node told them. */
export function stepInWords(value: number | undefined, max: number | undefined): string | undefined {
  return value === undefined || max === undefined ? undefined : `step ${figure(value)} of ${figure(max)}`;
}

/** Some nodes count fractions. */
function figure(value: number): string {
  return String(Math.round(value * 100) / 100);
}
