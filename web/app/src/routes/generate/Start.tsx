import { useInstances, useLiveJobs } from "@comfyui-monitor/react";
import { FileBraces, FileX, ImageDown } from "lucide-react";
import { useRef } from "react";
import { classes } from "../../classes.js";
import { Button } from "../../controls/Button.js";
import { Empty } from "../../controls/Empty.js";
import { ACCEPTED } from "./form/reading.js";
import styles from "./Start.module.css";
import type { Reading } from "./useReading.js";

/** Before there is a workflow: where one may come from. */
export function Start({ reading, narrow = false }: { reading: Reading; narrow?: boolean }) {
  const { busy, problem, readFile, readNewest } = reading;
  const { instances } = useInstances();
  const { jobs } = useLiveJobs();
  const demo = instances.find((instance) => instance.demo && jobs.some((job) => job.instanceId === instance.instanceId));
  const chooser = useRef<HTMLInputElement>(null);
  const actions = (
    <>
      <Button variant="primary" disabled={busy !== undefined} onClick={() => chooser.current?.click()}>{problem ? "Choose another" : "Choose a file"}</Button>
      {demo && <Button disabled={busy !== undefined} onClick={() => void readNewest(demo.instanceId)}>Try the demo</Button>}
      {!demo && jobs.length > 0 && <Button disabled={busy !== undefined} onClick={() => void readNewest()}>Take the newest job's</Button>}
    </>
  );
  const icon = problem ? <FileX /> : <><FileBraces /><ImageDown /></>;
  return (
    <div className={classes(styles.place, narrow && styles.narrow)}>
      <div className={styles.drop}>
        <Empty icon={icon} title={problem?.title ?? "Drop a workflow, or a picture that carries one"} actions={actions}>
          {problem?.text ?? "JSON in API format, PNG or WEBP made by ComfyUI"}
        </Empty>
        <p className={styles.busy} role="status">{busy !== undefined && `Reading ${busy}`}</p>
      </div>
      <input
        ref={chooser}
        type="file"
        accept={ACCEPTED}
        hidden
        aria-label="A file that carries a workflow"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) void readFile(file);
          event.target.value = "";
        }}
      />
    </div>
  );
}
