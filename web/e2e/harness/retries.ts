/** Settings of retries. */

/** Out of memory is answered with half the batch: at once, or after a wait. */
export function halving(wait?: string): string {
  const waits = wait === undefined ? "" : `, wait = { first = "${wait}", max = "${wait}" }`;
  return `
[retry.limits]
within = "3h"
[[retry.policy]]
name = "out of memory"
match = { error = "OutOfMemoryError" }
do = { change = "batch", times = 2${waits} }
`;
}
