/** Which of a thread's voices is meant when nobody points at one. */
import type { Message } from '@/api/types'
import { kindOf } from './uploads'

/** It is here, and can be listened to: a voice message, or what was recorded of a call. */
export const hasVoice = ({ attachments }: Message): boolean =>
  attachments.some(({ mime, state, url }) => url && (state ?? 'ready') === 'ready' && kindOf(mime) === 'audio')

/** The newest of those in view, else the newest of all. */
export function voiceMeant(messages: readonly Message[], isInView: (id: number) => boolean): number | null {
  const voices = messages.filter(hasVoice).map(({ id }) => id)
  return voices.filter(isInView).at(-1) ?? voices.at(-1) ?? null
}
