/** What agents may be asked about a conversation in a dialog. */
import type { Message } from '@/api/types'
import { isObject, nameIn } from './payloads'

export type Together = 'merge' | 'split' | 'whisper' | 'takeOver'

export interface JoinLine {
  merge: number
  /** The conversation that came out of this one, or that this one came out of. */
  to: number | null
}

const numberIn = (value: unknown): number | null => (typeof value === 'number' ? value : null)

/** A line of the timeline that says a merge or a split. */
export function joinLine({ kind, payload }: Message): JoinLine | null {
  const merge = kind === 'event' ? numberIn(payload.merge) : null
  if (merge === null) return null
  const isSplit = payload.event === 'split_off' || payload.event === 'split_from'
  return { merge, to: isSplit ? (numberIn(payload.into) ?? numberIn(payload.other)) : null }
}

/** For whom a note is meant. */
export function whisperTo({ direction, payload }: Message): { id: number; name: string } | null {
  const to = direction === 'note' ? payload.whisper_to : null
  return isObject(to) ? { id: numberIn(to.id) ?? 0, name: nameIn(to.name) } : null
}
