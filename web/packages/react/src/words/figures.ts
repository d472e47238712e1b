/** A count as told: whole where it is, else with one decimal (some nodes count in fractions). */
export function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
