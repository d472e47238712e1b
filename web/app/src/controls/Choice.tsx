import { Check, ChevronDown } from "lucide-react";
import { useId, useRef, useState, type KeyboardEvent } from "react";
import styles from "./Choice.module.css";
import { ChoiceList } from "./ChoiceList.js";

export interface ChoiceProps {
  value: string;
  choices: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  label: string;
  id?: string;
  invalid?: boolean;
  disabled?: boolean;
}

const OPENS = new Set(["ArrowDown", "ArrowUp", "Enter", " "]);

/** One of several; with more than a dozen it can be searched. */
export function Choice({ value, choices, onChange, label, id, invalid, disabled }: ChoiceProps) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const button = useRef<HTMLButtonElement>(null);
  const list = useId();
  const chosen = choices.find((choice) => choice.value === value)?.label ?? value;
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) button.current?.focus();
  };
  const show = (first = "") => {
    setTyped(first);
    setOpen(true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const isText = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (open || !(isText || OPENS.has(event.key))) return;
    event.preventDefault();
    show(isText ? event.key : "");
  };
  return (
    <>
      <button
        ref={button}
        id={id}
        type="button"
        role="combobox"
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-controls={open ? list : undefined}
        aria-label={label}
        aria-invalid={invalid || undefined}
        title={chosen}
        disabled={disabled}
        className={styles.button}
        onClick={() => (open ? close(true) : show())}
        onKeyDown={onKeyDown}
      >
        <span className={styles.value}>{chosen}</span>
        <ChevronDown aria-hidden="true" />
      </button>
      {open && button.current && (
        <ChoiceList
          id={list}
          anchor={button.current}
          label={label}
          choices={choices}
          value={value}
          typed={typed}
          mark={<Check aria-hidden="true" />}
          onClose={close}
          onChoose={(next) => {
            close(true);
            if (next !== value) onChange(next);
          }}
        />
      )}
    </>
  );
}
