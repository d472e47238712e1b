import { MonitorProvider } from "@comfyui-monitor/react";
import { lazy, Suspense, useEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { client } from "./client.js";
import { watchOutage } from "./connection/outage.js";
import { useUnlocks } from "./connection/useUnlocks.js";
import { Loading } from "./controls/Loading.js";
import { Broken } from "./frame/Broken.js";
import { Frame } from "./frame/Frame.js";
import { Unknown } from "./frame/Unknown.js";
import { watchCancels } from "./jobs/actions.js";
import { watchWanted } from "./notify/watch.js";
import { part } from "./parts.js";
import Generate from "./routes/generate/index.js";
import { watchTab } from "./tab/watch.js";

const Jobs = lazy(part(() => import("./routes/jobs/index.js")));
const Job = lazy(part(() => import("./routes/job/index.js")));
const Instances = lazy(part(() => import("./routes/instances/index.js")));
const Performance = lazy(part(() => import("./routes/performance/index.js")));
const Focus = lazy(part(() => import("./routes/focus/index.js")));

/** The frame of the page and its routes. */
export function App() {
  useEffect(() => {
    const stops = [watchOutage(client), watchCancels(), watchTab(client), watchWanted(client)];
    return () => stops.forEach((stop) => stop());
  }, []);
  return (
    <MonitorProvider client={client}>
      <Frame>
        <Routes />
      </Frame>
    </MonitorProvider>
  );
}

function Routes() {
  const [at] = useLocation();
  return (
    <Broken at={at}>
      <Suspense key={useUnlocks()} fallback={<Loading />}>
        <Switch>
          <Route path="/" component={Generate} />
          <Route path="/jobs" component={Jobs} />
          <Route path="/jobs/:queueId/focus" component={Focus} />
          <Route path="/jobs/:queueId" component={Job} />
          <Route path="/instances/:instanceId?" component={Instances} />
          <Route path="/performance" component={Performance} />
          <Route component={Unknown} />
        </Switch>
      </Suspense>
    </Broken>
  );
}
