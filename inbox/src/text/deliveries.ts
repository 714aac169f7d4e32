/** How far a message is, and which way it took when the straight one was closed. */
import type { Delivery, DeliveryState, Message } from '@/api/types'
import { word } from './payloads'

export type Mark = DeliveryState | 'waiting'

/** Not stuck: these go out by themselves once the customer writes. */
const UNTIL_THEY_WRITE = ['window_closed', 'passive', 'allowance_used', 'unreachable', 'opted_out', 'no_call']

/** A channel without receipts never knows more than that it sent. */
export function markOf({ state, error }: Delivery, receipts: boolean): Mark {
  if (state === 'queued' && error && UNTIL_THEY_WRITE.includes(error.code)) return 'waiting'
  return !receipts && (state === 'delivered' || state === 'read') ? 'sent' : state
}

export interface Detour {
  /** The sentence: a future one while the text itself still waits, a past one afterwards. */
  key: 'notice' | 'noticeDone' | 'template' | 'templateDone' | 'channel' | 'wait' | 'waitDone'
  channel: string
  reason: string
}

const AHEAD = ['waiting', 'queued', 'sending']

export function detourOf(message: Message): Detour | null {
  const fallback = message.payload.fallback
  if (typeof fallback !== 'object' || fallback === null) return null
  const { via, channel, reason, way } = fallback as Record<string, unknown>
  const details = { channel: word(channel) || word(way).split('/')[0]!, reason: word(reason) }
  const ahead = !message.delivery || AHEAD.includes(markOf(message.delivery, true))
  const trouble = ['failed', 'cancelled'].includes(message.delivery?.state ?? '')
  if (via === 'notice') return { key: ahead ? 'notice' : 'noticeDone', ...details }
  if (via === 'template') return { key: ahead ? 'template' : 'templateDone', ...details }
  if (via === 'channel') return { key: 'channel', ...details }
  if (via === 'wait' && !trouble) return { key: ahead ? 'wait' : 'waitDone', ...details }
  return null
}
