import { complaintLine, useMonitor } from "@comfyui-monitor/react";
import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { tell } from "../../../toasts/toasts.js";
import { useStore } from "../../../store.js";
import { AllInputs } from "./AllInputs.js";
import { ambiguous, leadingRows, type Lead } from "./arrangement.js";
import { Field } from "./Field.js";
import { SizeField } from "./fields/SizeField.js";
import styles from "./Form.module.css";
import { form, type, unload, type FormState } from "./form.js";
import { Submit } from "./Submit.js";
import { useEstimate } from "./useEstimate.js";
import { byField, draftOf, errorsOf, keyOf } from "./values.js";
import { WorkflowCard } from "./WorkflowCard.js";

export interface FormProps {
  sending: boolean;
  problem: string | undefined;
  another: boolean;
  onSubmit: () => void;
}

const onDraft = (key: string, draft: string) => type({ [key]: draft });

/** What the workflow in the form asks for. It knows nothing of running jobs: typing is never in their way. */
export const Form = memo(function Form({ sending, problem, another, onSubmit }: FormProps) {
  const state = useStore(form);
  const { loaded, drafts, refused } = state;
  const [open, setOpen] = useState(false);
  const [sought, setSought] = useState<string | undefined>();
  const root = useRef<HTMLFormElement>(null);
  useEstimate();

  const errors = useMemo(() => ({ ...errorsOf(loaded?.inputs ?? [], drafts), ...refused }), [loaded, drafts, refused]);
  const { fields: warnings, rest } = useMemo(() => byField(loaded?.inputs ?? [], loaded?.warnings ?? []), [loaded]);
  const rows = useMemo(() => leadingRows(loaded?.inputs ?? []), [loaded]);
  const named = useMemo(() => ambiguous(rows), [rows]);

  const show = useCallback((key: string) => {
    const isLead = rows.flat().some((lead) => keysIn(lead).includes(key));
    if (!isLead) setOpen(true);
    setSought(key);
  }, [rows]);
  useEffect(() => {
    if (sought === undefined) return;
    const field = root.current?.querySelector(`[data-field="${CSS.escape(sought)}"]`);
    field?.scrollIntoView({ block: "nearest" });
    field?.querySelector<HTMLElement>("input, textarea, button")?.focus();
    setSought(undefined);
  }, [sought, open]);

  if (!loaded) return null;
  const leadField = (lead: Lead) => {
    const node = nodeOf(lead, named);
    if (lead.kind === "size") {
      const error = keysIn(lead).map((key) => errors[key]).find(Boolean);
      return <SizeField key={lead.key} size={lead.size} drafts={drafts} error={error} node={node} onDrafts={type} />;
    }
    const { input, key } = lead;
    return <Field key={key} input={input} draft={draftOf(input, drafts)} error={errors[key]} warning={warnings[key]} node={node} onDraft={onDraft} />;
  };
  return (
    <form
      ref={root}
      className={styles.form}
      aria-label="New picture"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <div className={styles.fields}>
        <WorkflowCard loaded={loaded} rows={rows} onRemove={() => remove(state)} />
        {rest.length > 0 && (
          <ul className={styles.warnings}>
            {rest.slice(0, 6).map((warning) => <li key={complaintLine(warning)}>{complaintLine(warning)}</li>)}
            {rest.length > 6 && <li>{rest.length - 6} more</li>}
          </ul>
        )}
        {rows.map((row) => <div key={row[0].key} className={styles.row}>{row.map(leadField)}</div>)}
        <AllInputs loaded={loaded} drafts={drafts} errors={errors} warnings={warnings} open={open} onOpen={setOpen} onDraft={onDraft} />
      </div>
      <Submit state={state} errors={errors} problem={problem} sending={sending} another={another} onSubmit={onSubmit} onShow={show} />
    </form>
  );
});

function keysIn(lead: Lead): string[] {
  return lead.kind === "size" ? [keyOf(lead.size.width), keyOf(lead.size.height)] : [lead.key];
}

/** Narrow fields have no room for their node; it is named where it tells two of them apart. */
function nodeOf(lead: Lead, named: ReadonlySet<string>): string | undefined {
  const { nodeTitle, role } = lead.kind === "size" ? lead.size.width : lead.input;
  if (named.has(lead.key)) return nodeTitle;
  return ["prompt", "model", "image"].includes(role) ? nodeTitle : undefined;
}

function remove({ loaded }: FormState): void {
  const putBack = unload();
  tell({ tone: "note", title: `Removed ${loaded?.name ?? "the workflow"}`, action: { label: "Put back", run: putBack } });
}

/** Sends what is in the form, one at a time. */
export function useSending(send: (client: ReturnType<typeof useMonitor>) => Promise<void>) {
  const client = useMonitor();
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const busy = useRef(false);
  const submit = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    setSending(true);
    setProblem(undefined);
    try {
      await send(client);
    } catch (cause) {
      setProblem((cause as Error).message);
    } finally {
      busy.current = false;
      setSending(false);
    }
  }, [client, send]);
  return { sending, problem, submit };
}
