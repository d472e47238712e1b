import { isEnded, useInstances, useLiveJobs, useMonitor, type Instance } from "@comfyui-monitor/react";
import { ImageIcon, Plug } from "lucide-react";
import { Link } from "wouter";
import { Button } from "../../../controls/Button.js";
import { Empty } from "../../../controls/Empty.js";
import { keyName } from "../../../keys/names.js";
import { isThere } from "../form/destination.js";
import styles from "./StageEmpty.module.css";

/** Jobs of others that are named. */
const MOST = 3;

/** Before anything was made here: what starts it, and what others have running. */
export function StageEmpty() {
  const { instances, known } = useInstances();
  const { jobs } = useLiveJobs();
  const running = jobs.filter((job) => job.status === "processing");
  const isAway = known && instances.length > 0 && !instances.some(isThere);
  return (
    <div className={styles.empty}>
      {isAway ? <Away instances={instances} /> : (
        <Empty icon={<ImageIcon aria-hidden="true" />} title="The picture comes here">
          {keyName("Ctrl Enter")} in the form starts it
        </Empty>
      )}
      {running.length > 0 && (
        <p className={styles.others}>
          Running now:{" "}
          {running.slice(0, MOST).map((job, at) => (
            <span key={job.queueId}>
              {at > 0 && ", "}
              <Link href={`/?job=${job.queueId}`} title={job.title}>{job.title}</Link>
            </span>
          ))}
          {running.length > MOST && <>, <Link href="/jobs">{running.length - MOST} more</Link></>}
        </p>
      )}
      {running.length === 0 && jobs.some(isEnded) && <p className={styles.others}><Link href="/jobs">Earlier jobs</Link></p>}
    </div>
  );
}

/** "Waiting for ComfyUI at localhost:8188". */
function Away({ instances }: { instances: readonly Instance[] }) {
  const client = useMonitor();
  const [first] = instances;
  const where = instances.length === 1 && first ? hostOf(first.url) : `${instances.length} addresses`;
  const tryNow = () => void Promise.allSettled(instances.map(({ instanceId }) => client.api.reconnect(instanceId)));
  return (
    <Empty icon={<Plug aria-hidden="true" />} title={`Waiting for ComfyUI at ${where}`} actions={<Button onClick={tryNow}>Try now</Button>}>
      Nothing answers there yet. Start ComfyUI and this page wakes up by itself. The address is <code>COMFYUI_HOST</code>, <code>COMFYUI_PORT</code>
    </Empty>
  );
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
