import { GenerateClient } from "@comfyui-monitor/react";
import { ByHand } from "./by-hand";
import { workflow } from "./workflow";

export default function Page() {
  return (
    <main>
      <h1>One component</h1>
      <section>
        <GenerateClient workflow={workflow} title="From a component" />
      </section>
      <h1>By hand</h1>
      <section>
        <ByHand />
      </section>
    </main>
  );
}
