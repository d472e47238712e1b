import { EdgeLight, groupOf, isEnded, isSigned, useMedia, wholePercent, type Summary } from "@comfyui-monitor/react";
import { memo } from "react";
import styles from "./Thumbnail.module.css";
import { usePreview } from "./usePreview.js";

interface Props {
  job: Summary;
  inView: boolean;
  /** The link of its result does not open any more. */
  onLinkEnded: (queueId: string) => void;
}

/** The picture of a job: its result, its newest preview while it runs, or where one will be. */
export function Thumbnail({ job, inView, onLinkEnded }: Props) {
  const isRunning = job.status === "processing";
  const preview = usePreview(job.queueId, isRunning && inView && !job.coarse);
  const { src, onError } = useMedia(job.thumbnailUrl);
  const onEnded = () => {
    onError();
    onLinkEnded(job.queueId);
  };
  const picture = (
    <>
      <Picture url={preview ?? src} look={isRunning ? "lit" : groupOf(job) === "waiting" ? "waiting" : "plain"} />
      {/* A background does not tell that it could not be loaded, and only signed links end. */}
      {isSigned(job.thumbnailUrl) && <img src={src} onError={onEnded} alt="" hidden />}
    </>
  );
  if (isEnded(job) || groupOf(job) === "waiting") return picture;
  return (
    <EdgeLight percentage={wholePercent(job.overallPercentage)} lit={isRunning} radius={8} width={2} gap={1} className={styles.edge ?? ""}>
      {picture}
    </EdgeLight>
  );
}

const LOOKS = { lit: styles.lit, waiting: styles.waiting, plain: styles.plain };

// A background, as an image would have listeners of its own in every row.
const Picture = memo(function Picture({ url, look }: { url: string | undefined; look: keyof typeof LOOKS }) {
  return <span className={`${styles.picture} ${LOOKS[look]}`} {...(url ? { "data-picture": "", style: { backgroundImage: `url(${JSON.stringify(url)})` } } : {})} />;
});
