import type { FormInput } from "@comfyui-monitor/react";
import { ChevronRight } from "lucide-react";
import { useMemo } from "react";
import { Field } from "./Field.js";
import styles from "./Form.module.css";
import { groups, type NodeGroup } from "./arrangement.js";
import type { Loaded } from "./form.js";
import { draftOf, keyOf, type Drafts, type FieldErrors } from "./values.js";

export interface AllInputsProps {
  loaded: Loaded;
  drafts: Drafts;
  errors: FieldErrors;
  warnings: FieldErrors;
  open: boolean;
  onOpen: (open: boolean) => void;
  onDraft: (key: string, draft: string) => void;
}

/** With more nodes than this each is folded too. */
const MOST_OPEN = 12;

/** "All 31 inputs", folded, node by node. */
export function AllInputs({ loaded, open, onOpen, ...fields }: AllInputsProps) {
  const nodes = useMemo(() => groups(loaded.inputs, loaded.workflow), [loaded.inputs, loaded.workflow]);
  const count = loaded.inputs.length;
  return (
    <details className={styles.all} open={open} onToggle={(event) => onOpen(event.currentTarget.open)}>
      <summary className={styles.summary}>
        <ChevronRight size={16} strokeWidth={1.7} aria-hidden="true" />
        {count === 1 ? "The one input" : `All ${count} inputs`}
      </summary>
      {open && nodes.map((node) => <Node key={node.nodeId} node={node} folds={nodes.length > MOST_OPEN} {...fields} />)}
    </details>
  );
}

interface NodeProps extends Pick<AllInputsProps, "drafts" | "errors" | "warnings" | "onDraft"> {
  node: NodeGroup;
  folds: boolean;
}

function Node({ node: { nodeId, title, classType, inputs }, folds, drafts, errors, warnings, onDraft }: NodeProps) {
  const isWrong = inputs.some((input) => errors[keyOf(input)] !== undefined);
  const field = (input: FormInput) => {
    const key = keyOf(input);
    return <Field key={key} input={input} draft={draftOf(input, drafts)} error={errors[key]} warning={warnings[key]} label={input.label} onDraft={onDraft} />;
  };
  return (
    <details className={styles.node} open={!folds || isWrong}>
      <summary className={styles.nodeHead}>
        <ChevronRight size={14} strokeWidth={1.7} aria-hidden="true" />
        <span className={styles.nodeName} title={title}>{title}</span>
        <span className={styles.nodeClass} title={`${classType ?? ""}, node ${nodeId}`}>{classType} {nodeId}</span>
      </summary>
      <div className={styles.nodeFields}>{inputs.map(field)}</div>
    </details>
  );
}
