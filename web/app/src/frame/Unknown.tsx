import { Compass } from "lucide-react";
import { useLocation } from "wouter";
import { Button } from "../controls/Button.js";
import { Empty } from "../controls/Empty.js";
import { Page } from "./Page.js";

/** An address that nothing is at. */
export function Unknown() {
  const [location, navigate] = useLocation();
  return (
    <Page title="Nothing here">
      <Empty
        icon={<Compass />}
        title="There is no page at this address"
        actions={
          <>
            <Button variant="primary" onClick={() => navigate("/")}>Generate</Button>
            <Button onClick={() => navigate("/jobs")}>Jobs</Button>
          </>
        }
      >
        <code>{location}</code> may be from another version of the monitor, or have lost a part on its way.
      </Empty>
    </Page>
  );
}
