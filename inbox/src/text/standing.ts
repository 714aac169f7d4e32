/** Whether a reply may be written now, and what will become of it. */
import type { Allowance, Reply, ReplyBlock } from '@/api/types'

export type Standing =
  | { kind: 'open' }
  /** It may be written, but does not go straight: `via` is tried in this order. */
  | { kind: 'detour'; reason: ReplyBlock; via: string[] }
  | { kind: 'blocked'; reason: ReplyBlock }

/**
 * `told` is when the hub said so. An allowance that ends later than that closes here without asking again; one that
 * was over already by our clock is the clock's mistake, not the hub's.
 */
export function standing(reply: Reply | undefined, allowance: Allowance | null, now: number, told: number): Standing {
  if (!reply) return { kind: 'open' }
  if (!reply.allowed) return { kind: 'blocked', reason: reply.reason ?? 'no_channel' }
  const fallback = reply.fallback ?? []
  if (reply.reason) return { kind: 'detour', reason: reply.reason, via: fallback.length ? fallback : ['wait'] }
  const until = allowance ? Date.parse(allowance.until) : Infinity
  if (until > now || until <= told) return { kind: 'open' }
  return fallback.length
    ? { kind: 'detour', reason: 'window_closed', via: fallback }
    : { kind: 'blocked', reason: 'window_closed' }
}
