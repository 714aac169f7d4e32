/** A call in words: what it does, what became of it, how long. */
import type { Call, Message } from '@/api/types'
import { isObject } from './payloads'

export const callOf = (message: Message): Call | null =>
  message.kind === 'call' && isObject(message.payload.call) ? (message.payload.call as unknown as Call) : null

/** 75 seconds are 1:15. */
export function minutes(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const rest = String(seconds % 60).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const between = Math.floor(seconds / 60) % 60
  return hours ? `${hours}:${String(between).padStart(2, '0')}:${rest}` : `${between}:${rest}`
}

const at = (time: string | null): number => (time ? Date.parse(time) : NaN)

/** Since when the present state lasts. */
export const since = (call: Call): string =>
  (call.state === 'talking' ? call.answered_at : call.state === 'queued' ? call.queued_at : null) ?? call.started_at

/** How long they waited for a person, and how long they talked; null where they did not. */
export function lengths(call: Call): { waited: number | null; talked: number | null; whole: number } {
  const end = at(call.ended_at)
  const waited = (call.answered_at ? at(call.answered_at) : end) - at(call.queued_at)
  const talked = end - at(call.answered_at)
  return {
    waited: Number.isFinite(waited) && call.direction === 'in' ? waited : null,
    talked: Number.isFinite(talked) ? talked : null,
    whole: end - at(call.started_at),
  }
}

/** Worth a colour: somebody wanted us, and had nobody. */
export const isMissed = (call: Call): boolean => ['missed', 'abandoned'].includes(call.outcome)

/** What a machine heard, where it is not sure of it. */
export const UNSURE_BELOW = 0.5
