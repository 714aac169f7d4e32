/** How long to wait before the next try: doubling from one second to thirty, with jitter, for ever. */

const FIRST = 1_000
const LONGEST = 30_000

export function delayBefore(attempt: number, random: () => number = Math.random): number {
  const base = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 10))
  // Between half and the whole of it, so that a thousand inboxes do not come back in the same instant.
  return Math.round(base / 2 + (base / 2) * random())
}
