import { complaintLine, useInstances, type NodeError } from "@comfyui-monitor/react";
import { ChevronsUpDown, Server } from "lucide-react";
import { Button } from "../../../controls/Button.js";
import { keyName } from "../../../keys/names.js";
import { destinationName, destinationTime } from "./destination.js";
import styles from "./Form.module.css";
import { sendTo, type FormState } from "./form.js";
import { keyOf, type FieldErrors } from "./values.js";

export interface SubmitProps {
  state: FormState;
  errors: FieldErrors;
  /** Why the last one was not taken, where it was not for its fields. */
  problem: string | undefined;
  sending: boolean;
  /** One of this tab's jobs waits or runs. */
  another: boolean;
  onSubmit: () => void;
  onShow: (key: string) => void;
}

/** The foot of the form: what is wrong, where it will go, and the button. */
export function Submit({ state, errors, problem, sending, another, onSubmit, onShow }: SubmitProps) {
  const { instances, known } = useInstances();
  const time = destinationTime(state, instances, known);
  return (
    <div className={styles.foot}>
      <Complaints state={state} errors={errors} problem={problem} onShow={onShow} />
      {state.uploadedTo !== undefined && state.instanceId !== state.uploadedTo && (
        <p className={styles.elsewhere}>The input image is on {destinationName(state.uploadedTo, instances)} alone</p>
      )}
      <div className={styles.destination}>
        <Server size={14} strokeWidth={1.7} aria-hidden="true" />
        {instances.length > 1 ? (
          <span className={styles.where}>
            <select aria-label="Where it runs" value={state.instanceId ?? ""} onChange={(event) => sendTo(event.target.value || undefined)}>
              <option value="">{destinationName(undefined, instances)}</option>
              {instances.map(({ instanceId, name }) => <option key={instanceId} value={instanceId}>{name}</option>)}
            </select>
            <ChevronsUpDown size={12} strokeWidth={1.7} aria-hidden="true" />
          </span>
        ) : (
          <span className={styles.place}>{destinationName(state.instanceId, instances)}</span>
        )}
        {time && <span className={styles.time} title={time}>{time}</span>}
      </div>
      <Button variant="primary" className={styles.submit} shortcut={keyName("Ctrl ↵")} aria-disabled={sending} onClick={onSubmit}>
        {another ? "Generate another" : "Generate"}
      </Button>
    </div>
  );
}

/** Most lines; the others are at their fields. */
const MOST = 4;

function Complaints({ state, errors, problem, onShow }: Pick<SubmitProps, "state" | "errors" | "problem" | "onShow">) {
  const { loaded, refused, complaints } = state;
  const inputs = loaded?.inputs.filter((input) => errors[keyOf(input)] !== undefined) ?? [];
  const lines = inputs.map((input) => {
    const key = keyOf(input);
    return { key, line: complaintLine({ nodeTitle: input.nodeTitle, input: input.label.toLowerCase(), message: errors[key] ?? "" }) };
  });
  const isRefused = complaints.length > 0 || Object.keys(refused).length > 0;
  const count = lines.length + complaints.length;
  if (count === 0 && problem === undefined) return null;
  const things = count === 1 ? "one thing" : `${count} things`;
  return (
    <div className={styles.complaints} role="alert">
      <p className={styles.complaint}>{problem ?? (isRefused ? `ComfyUI refused it: ${things} to mend` : `${things[0]?.toUpperCase()}${things.slice(1)} to mend`)}</p>
      <ul>
        {complaints.slice(0, MOST).map((complaint: NodeError) => <li key={complaintLine(complaint)}>{complaintLine(complaint)}</li>)}
        {lines.slice(0, Math.max(0, MOST - complaints.length)).map(({ key, line }) => (
          <li key={key}><button type="button" onClick={() => onShow(key)}>{line}</button></li>
        ))}
        {count > MOST && <li>{count - MOST} more</li>}
      </ul>
    </div>
  );
}
