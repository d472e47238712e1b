"use client";
import { duration, percent, timeLeft, useGeneration } from "@comfyui-monitor/react";
import { useState } from "react";
import { workflow } from "./workflow";

/** The hook alone: what is shown, and how, is up to the page. */
export function ByHand() {
  const [prompt, setPrompt] = useState("a lighthouse at dusk");
  const job = useGeneration();
  const generate = () => {
    // What goes wrong is told in `job.error`.
    job.generateImages(workflow, { "6": { text: prompt } }, { title: prompt }).catch(() => {});
  };
  return (
    <>
      <label>
        Prompt <input value={prompt} onChange={(event) => setPrompt(event.target.value)} />
      </label>{" "}
      <button type="button" onClick={generate} disabled={job.isGenerating}>Generate</button>{" "}
      {job.isGenerating && <button type="button" onClick={() => void job.cancel()}>Cancel</button>}
      <p role="status">{job.error ? job.error.message : (job.currentMessage ?? job.queueStatus?.message)}</p>
      {job.isGenerating && (
        <p>
          <progress value={job.overallPercentage} max={100} /> {percent(job.overallPercentage)}, {timeLeft(job.eta)}
          {job.isRetrying && `, try ${job.retryCount + 1} comes`}
        </p>
      )}
      <ol>
        {job.nodeHistory.map((node) => (
          <li key={node.nodeId}>
            {node.title} {node.durationMs !== undefined && duration(node.durationMs)}
          </li>
        ))}
      </ol>
      {job.generatedImages.map((output) =>
        output.kind === "image" && output.url ? <img key={output.mediaId} src={output.url} alt={prompt} width={256} /> : null,
      )}
    </>
  );
}
