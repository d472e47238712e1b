import { Store } from "../store.js";

/** Whether the sheet of all keys is open. */
export const sheetOpen = new Store(false);

/** All keys, as they are written; alternatives are apart by a comma, keys one after the other by a space in `then`. */
export const ALL_KEYS: readonly { title: string; keys: readonly { keys: readonly string[]; does: string }[] }[] = [
  {
    title: "Everywhere",
    keys: [
      { keys: ["Ctrl K"], does: "Search, and do anything" },
      { keys: ["/"], does: "Search" },
      { keys: ["g", "g"], does: "Generate" },
      { keys: ["g", "j"], does: "Jobs" },
      { keys: ["g", "i"], does: "Instances" },
      { keys: ["g", "p"], does: "Performance" },
      { keys: ["t"], does: "Darkroom or Lightbox" },
      { keys: ["?"], does: "All keys" },
    ],
  },
  {
    title: "In lists and graphs",
    keys: [
      { keys: ["j", "k"], does: "Next, previous row or node" },
      { keys: ["Enter", "Esc"], does: "Open, back" },
      { keys: ["x"], does: "Select" },
      { keys: ["Shift J", "Shift K"], does: "Extend the selection" },
      { keys: ["z", "0"], does: "Graph fills, fits" },
    ],
  },
  {
    title: "With a job",
    keys: [
      { keys: ["Ctrl Enter"], does: "Generate" },
      { keys: ["d"], does: "Dice: a new seed" },
      { keys: ["c"], does: "Cancel" },
      { keys: ["r"], does: "Run again" },
      { keys: ["f"], does: "Focus on the picture" },
      { keys: ["e"], does: "Copy the error" },
    ],
  },
];
