import { useMonitor } from "@comfyui-monitor/react";
import { SearchX } from "lucide-react";
import { useEffect } from "react";
import { useLocation, useSearch } from "wouter";
import { Button } from "../../controls/Button.js";
import { Empty } from "../../controls/Empty.js";
import { Loading } from "../../controls/Loading.js";
import { Page } from "../../frame/Page.js";
import { isQueueId } from "../../jobs/queueId.js";
import { attemptIn, hrefOf } from "./address.js";
import { useAnswer } from "../../jobs/useAnswer.js";
import { useJob } from "./data/useJob.js";
import { JobPage } from "./JobPage.js";
import { Shapes } from "./Shapes.js";

/** `/jobs/{queueId}`, of an earlier attempt with `?attempt=`; a prompt id leads there too. */
export default function Job({ params: { queueId } }: { params: { queueId: string } }) {
  const client = useMonitor();
  const [, navigate] = useLocation();
  const job = useJob(queueId, attemptIn(useSearch()));
  const { generation: newest } = job.newest;
  // Of what cannot be the id of a job the live connection says nothing at all.
  const isUnheard = newest === null || (newest === undefined && !isQueueId(queueId));
  // It may be a prompt id, or a job that the monitor keeps on disk alone.
  const asPrompt = useAnswer(isUnheard ? `prompt ${queueId}` : undefined, () => client.api.job(queueId));
  const to = asPrompt.value && hrefOf(asPrompt.value, queueId);
  useEffect(() => {
    if (to !== undefined) navigate(to, { replace: true });
  }, [to, navigate]);

  const { generation } = job.shown;
  if (generation) return <JobPage job={job} generation={generation} />;
  const isUnknown = (isUnheard && asPrompt.problem?.status === 404) || job.noSuchAttempt;
  if (isUnknown) return <Unknown toJob={job.noSuchAttempt ? `/jobs/${queueId}` : undefined} />;
  return (
    <Page title="Job">
      <Loading><Shapes /></Loading>
    </Page>
  );
}

function Unknown({ toJob }: { toJob: string | undefined }) {
  const [, navigate] = useLocation();
  return (
    <Page title={toJob ? "No such attempt" : "No job with this id"}>
      <Empty
        icon={<SearchX />}
        title={toJob ? "This job has no such attempt" : "No job with this id"}
        actions={
          <>
            {toJob && <Button onClick={() => navigate(toJob)}>The newest attempt</Button>}
            <Button onClick={() => navigate("/jobs")}>Jobs</Button>
          </>
        }
      >
        {toJob ? "It may have been asked for by hand" : "It may be older than the 30 days that are kept"}
      </Empty>
    </Page>
  );
}
