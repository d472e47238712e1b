"use client";
import ChevronRight from "lucide-react/icons/chevron-right";
import type { Generation, JobError, NodeError } from "../types/index.js";
import { complaintLine, counted, errorMarkdown, errorPlace, readTraceback, type Call } from "../words/index.js";
import { CopyAction } from "./Action.js";

export interface ErrorCardProps {
  error: JobError;
  /** For Copy all: versions, attempts and their changes. */
  generation?: Generation | undefined;
  comfyuiVersion?: string | undefined;
  /** What ComfyUI refused a workflow with, input by input. */
  nodeErrors?: readonly NodeError[] | undefined;
  /** Opens the traceback at once. */
  open?: boolean;
}

/** Deeper ones are recursions. */
const MOST = 100;

/** An error whole: type, node, message, traceback. */
export function ErrorCard({ error, generation, comfyuiVersion, nodeErrors = [], open = false }: ErrorCardProps) {
  const { calls, rest } = readTraceback(error.traceback ?? []);
  const copied = () => errorMarkdown(error, { generation, comfyuiVersion, nodeErrors });
  return (
    <section className="cm-error" aria-label="Error">
      <header className="cm-error__head">
        <code className="cm-error__type">{error.type}</code>
        <span className="cm-error__place" title={error.nodeTitle}>
          {errorPlace(error)}
        </span>
        <CopyAction text={copied}>Copy all</CopyAction>
      </header>
      <p className="cm-error__message">{error.message.trim()}</p>
      {nodeErrors.length > 0 && (
        <ul className="cm-error__complaints">
          {nodeErrors.map((complaint, at) => (
            <li key={at}>{complaintLine(complaint)}</li>
          ))}
        </ul>
      )}
      {calls.length + rest.length > 0 && (
        <details className="cm-trace" open={open}>
          <summary className="cm-focusable">
            <ChevronRight size={16} strokeWidth={1.7} aria-hidden />
            Traceback, last call first <span className="cm-trace__count">{counted(calls.length, "frame")}</span>
          </summary>
          <div className="cm-trace__calls cm-focusable" tabIndex={0} role="group" aria-label="Traceback">
            {calls.slice(0, MOST).map((call, at) => (
              <CallLine key={at} call={call} />
            ))}
            {rest.slice(0, MOST).map((line, at) => (
              <div key={`rest ${at}`}>{line}</div>
            ))}
            {calls.length > MOST && <div className="cm-trace__quiet">and {calls.length - MOST} more</div>}
          </div>
        </details>
      )}
    </section>
  );
}

function CallLine({ call: { path, line, inside, code } }: { call: Call }) {
  return (
    <div>
      {path}:<b>{line}</b> <span className="cm-trace__quiet">in {inside}</span>
      {code !== undefined && <div className="cm-trace__code">{code}</div>}
    </div>
  );
}
