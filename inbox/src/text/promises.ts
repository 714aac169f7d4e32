/** What customers were promised: which of it is most urgent, and how much time is left. */
import type { Conversation, SlaPromise } from '@/api/types'
import { span } from './time'

const HOUR = 3_600_000
/** From here on it stands out. */
const SOON = 5 * 60_000

export type Standing = 'running' | 'soon' | 'paused' | 'met' | 'breached'

const isOwed = (promise: SlaPromise): boolean => promise.ended_at === null

const dueOf = (promise: SlaPromise): number => (promise.due_at ? Date.parse(promise.due_at) : Infinity)

/** Of what is still owed, what is due first; what stands still comes after what runs. */
export function mostUrgent({ sla }: Conversation): SlaPromise | null {
  const owed = sla.filter(isOwed)
  const running = owed.filter(({ state }) => state !== 'paused').sort((a, b) => dueOf(a) - dueOf(b))
  const paused = owed.filter(({ state }) => state === 'paused').sort((a, b) => (a.left_seconds ?? 0) - (b.left_seconds ?? 0))
  return running[0] ?? paused[0] ?? null
}

/** It may run out before the hub says so. */
export function standingOf(promise: SlaPromise, now: number): Standing {
  if (promise.state !== 'running' || !promise.due_at) return promise.state
  const left = dueOf(promise) - now
  return left <= 0 ? 'breached' : left <= SOON ? 'soon' : 'running'
}

/** Time left, or time over; "" where there is nothing to count. */
export function countdown(promise: SlaPromise, now: number, locale: string): string {
  if (!isOwed(promise)) return ''
  const left = promise.due_at ? dueOf(promise) - now : (promise.left_seconds ?? 0) * 1_000
  const size = Math.abs(left)
  return size < HOUR && promise.state !== 'paused' ? minutesAndSeconds(size) : span(size, locale)
}

function minutesAndSeconds(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000)
  return [Math.floor(seconds / 60), seconds % 60].map((part) => String(part).padStart(2, '0')).join(':')
}
