import { MonitorProvider } from "@comfyui-monitor/react";
import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { client } from "./client.js";
import { Frame } from "./frame/Frame.js";
import Generate from "./routes/generate/index.js";

const Jobs = lazy(() => import("./routes/jobs/index.js"));
const Job = lazy(() => import("./routes/job/index.js"));
const Instances = lazy(() => import("./routes/instances/index.js"));
const Performance = lazy(() => import("./routes/performance/index.js"));
const Focus = lazy(() => import("./routes/focus/index.js"));

/** The frame of the page and its routes. */
export function App() {
  return (
    <MonitorProvider client={client}>
      <Frame>
        <Suspense>
          <Switch>
            <Route path="/" component={Generate} />
            <Route path="/jobs" component={Jobs} />
            <Route path="/jobs/:queueId/focus" component={Focus} />
            <Route path="/jobs/:queueId" component={Job} />
            <Route path="/instances/:instanceId?" component={Instances} />
            <Route path="/performance" component={Performance} />
          </Switch>
        </Suspense>
      </Frame>
    </MonitorProvider>
  );
}
