/** How a connection is kept. */
export interface Pace {
  /** After that much silence from the other side it is asked for a sign of life (ms). */
  silence: number;
  /** After that long without a word from this side it says one, which also measures the way there and back (ms). */
  quiet: number;
  /** A connection is replaced after this (ms), before the other side ends it; and up to this much later. */
  renewAfter?: number;
  renewWithin?: number;
  /** The other side ends connections because their time is up: 1000 and 1001 mean no more than that. */
  endsConnections?: boolean;
}

/** The monitor itself, at which a word costs nothing. */
export const OWN: Pace = { silence: 20_000, quiet: 20_000 };

/**
 * API Gateway ends a connection after 10 minutes without a message and after 2 hours whatever happens, and every
 * message is paid for.
 */
export const GATEWAY: Pace = {
  silence: 60_000,
  quiet: 4 * 60_000,
  renewAfter: 110 * 60_000,
  renewWithin: 5 * 60_000,
  endsConnections: true,
};
