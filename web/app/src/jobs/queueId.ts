/** Whether it can be the id of a job: the monitor gives out nothing but UUIDs. Prompt ids may be anything. */
export function isQueueId(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
}

/** What `useGeneration` follows: nothing, where the monitor would refuse the id. */
export function followed(queueId: string): { queueId?: string } {
  return isQueueId(queueId) ? { queueId } : {};
}
