import { useLocation } from "wouter";
import { Button } from "../controls/Button.js";
import { Empty } from "../controls/Empty.js";

/** An address whose job the monitor does not know. */
export function UnknownJob() {
  const [, navigate] = useLocation();
  return (
    <Empty title="No job with this id" actions={<Button onClick={() => navigate("/jobs")}>Jobs</Button>}>
      It may be older than the 30 days that are kept
    </Empty>
  );
}
