import { isEnded, useInstances, useLiveJobs, useMonitor } from "@comfyui-monitor/react";
import { ImageIcon } from "lucide-react";
import { Link } from "wouter";
import { ComfyAwayEmpty } from "../../../connection/ComfyAway.js";
import { Empty } from "../../../controls/Empty.js";
import { keyName } from "../../../keys/names.js";
import { isThere } from "../form/destination.js";
import styles from "./StageEmpty.module.css";

/** Jobs of others that are named. */
const MOST = 3;

/** Before anything was made here: what starts it, and what others have running. */
export function StageEmpty() {
  const { isBehindGateway } = useMonitor();
  const { instances, known } = useInstances();
  const { jobs } = useLiveJobs();
  const running = jobs.filter((job) => job.status === "processing");
  const isAway = known && instances.length > 0 && !instances.some(isThere);
  return (
    <div className={styles.empty}>
      {isAway && !isBehindGateway ? <ComfyAwayEmpty instances={instances} /> : (
        <Empty icon={<ImageIcon aria-hidden="true" />} title="The picture comes here">
          {keyName("Ctrl Enter")} in the form {isAway ? "sends it, and it starts when an instance is back" : "starts it"}
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
