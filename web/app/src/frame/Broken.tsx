import { CircleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";
import { Button } from "../controls/Button.js";
import { Empty } from "../controls/Empty.js";
import { Page } from "./Page.js";

export interface BrokenProps {
  /** What was broken at one address need not be at another. */
  at: string;
  children: ReactNode;
}

/** Keeps navigation and connection alive where a page cannot be drawn. */
export class Broken extends Component<BrokenProps, { error?: Error | undefined }> {
  override state: { error?: Error | undefined } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidUpdate(before: BrokenProps) {
    if (this.state.error && before.at !== this.props.at) this.setState({ error: undefined });
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <Page title="This page broke">
        <Empty
          icon={<CircleAlert />}
          title="This page cannot be shown"
          actions={
            <>
              <Button variant="primary" onClick={() => location.reload()}>Load it anew</Button>
              <Button onClick={() => void navigator.clipboard?.writeText(`${location.pathname}\n${error.stack ?? error.message}`)}>Copy the error</Button>
            </>
          }
        >
          {error.message} The monitor goes on; other pages and your jobs are not touched.
        </Empty>
      </Page>
    );
  }
}
