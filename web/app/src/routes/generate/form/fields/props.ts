import type { FormInput } from "@comfyui-monitor/react";

/** What every kind of field is given. */
export interface ControlProps {
  input: FormInput;
  /** What stands in it. */
  draft: string;
  onDraft: (draft: string) => void;
  id: string;
  label: string;
  invalid: boolean;
  /** Of the sentence under it. */
  describedBy: string | undefined;
}
