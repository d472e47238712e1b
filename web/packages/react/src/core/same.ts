/** Whether two values of JSON say the same. */
export function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const fields = Object.keys(one) as (keyof typeof one)[];
  return fields.length === Object.keys(other).length && fields.every((field) => field in other && same(one[field], other[field]));
}
