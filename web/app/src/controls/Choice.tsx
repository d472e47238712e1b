export interface ChoiceProps {
  value: string;
  choices: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  label: string;
  id?: string;
  invalid?: boolean;
}

/** One of several; with more than a dozen it can be searched. */
export function Choice({ value, choices, onChange, label, id }: ChoiceProps) {
  return (
    <select id={id} aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
    </select>
  );
}
