import { ComfyAwayBanner } from "./ComfyAway.js";
import { OfflineBanner } from "./OfflineBanner.js";

/** What holds for the whole page: it is cut off, or no server answers. */
export function Notices() {
  return (
    <>
      <OfflineBanner />
      <ComfyAwayBanner />
    </>
  );
}
