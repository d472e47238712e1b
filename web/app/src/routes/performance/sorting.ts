/** The order of the table. Pure. */
import type { ClassPerformance } from "@comfyui-monitor/react";

export type Column = "title" | "classType" | "runs" | "medianMs" | "p90Ms" | "share";

export interface Sort {
  by: Column;
  descending: boolean;
}

/** Where the time goes. */
export const BY_SHARE: Sort = { by: "share", descending: true };

const texts = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Equals stay in the order of the monitor: the one that took most time first. */
export function inOrder(items: readonly ClassPerformance[], { by, descending }: Sort): ClassPerformance[] {
  const sign = descending ? -1 : 1;
  return items.toSorted((one, other) => {
    const [first, second] = [one[by], other[by]];
    return sign * (typeof first === "number" && typeof second === "number" ? first - second : texts.compare(String(first), String(second)));
  });
}

/** In the order that is held, what is new at the end: rows do not move under the pointer. */
export function inHeldOrder(items: readonly ClassPerformance[], held: readonly string[]): ClassPerformance[] {
  const places = new Map(held.map((classType, place) => [classType, place]));
  const place = ({ classType }: ClassPerformance) => places.get(classType) ?? held.length;
  return items.toSorted((one, other) => place(one) - place(other));
}

/** Another click on a column turns it round; a first one has the largest number, or the first letter, on top. */
export function nextSort(sort: Sort, by: Column): Sort {
  if (sort.by === by) return { by, descending: !sort.descending };
  return { by, descending: by !== "title" && by !== "classType" };
}
