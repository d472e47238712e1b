import { useRef, type CSSProperties, type KeyboardEvent } from "react";
import { classes } from "../../../../classes.js";
import type { ControlProps } from "./props.js";
import { sliderRange, stepped, type SliderRange } from "../figures.js";
import styles from "./fields.module.css";

/** A number as text, with a slider where there is a range in which values are usual. */
export function NumberField({ input, draft, onDraft, id, label, invalid, describedBy }: ControlProps) {
  const value = Number(draft.replace(",", "."));
  const range = useSteadyRange(sliderRange(input, value));
  return (
    <div className={classes(styles.box, invalid && styles.invalid)}>
      <input
        id={id}
        className={styles.input}
        type="text"
        inputMode={input.type === "int" && Number(input.min ?? -1) >= 0 ? "numeric" : "decimal"}
        autoComplete="off"
        value={draft}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onChange={(event) => onDraft(event.target.value)}
        onKeyDown={arrowKeys((steps) => onDraft(stepped(input, draft, steps)))}
      />
      {range && (
        <input
          className={styles.slider}
          type="range"
          aria-label={`${label}, slider`}
          {...range}
          value={Number.isFinite(value) ? value : range.min}
          style={{ "--fill": `${filled(range, value)}%` } as CSSProperties}
          onChange={(event) => onDraft(tidy(event.target.valueAsNumber))}
        />
      )}
    </div>
  );
}

/** A range grows with a value beyond it; while it is dragged back it must not shrink under the pointer. */
function useSteadyRange(range: SliderRange | undefined): SliderRange | undefined {
  const widest = useRef(range);
  if (range && (!widest.current || range.max > widest.current.max)) widest.current = range;
  return range && { ...range, max: widest.current?.max ?? range.max };
}

function filled({ min, max }: SliderRange, value: number): number {
  return Number.isFinite(value) ? Math.min(100, Math.max(0, ((value - min) / (max - min)) * 100)) : 0;
}

/** Without the noise of binary fractions. */
function tidy(value: number): string {
  return String(Number(value.toFixed(6)));
}

/** Up and down by one step, by ten with Shift. */
export function arrowKeys(by: (steps: number) => void) {
  return (event: KeyboardEvent) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (direction === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    by(direction * (event.shiftKey ? 10 : 1));
  };
}
