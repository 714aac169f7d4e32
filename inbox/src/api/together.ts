/** Several agents at one conversation, and several conversations about one matter. */
import { request } from './http'
import type { Conversation, Draft, Message, Page, Viewer } from './types'

/** By `merge` it is undone; `kept` is the conversation that stays. */
export interface Joined {
  merge: number
  kept: number
  other: number
}

export const together = {
  look: (conversation: number, typing: boolean) =>
    request<Page<Viewer>>('POST', `/conversations/${conversation}/viewing`, { body: { typing } }),
  leave: (conversation: number) => request<void>('DELETE', `/conversations/${conversation}/viewing`),
  watch: (conversation: number) => request<void>('POST', `/conversations/${conversation}/watch`, { body: {} }),
  whisper: (conversation: number, text: string) =>
    request<Message>('POST', `/conversations/${conversation}/whisper`, { body: { text } }),
  takeOver: (conversation: number, assignee: number | null, reason: string) =>
    request<Conversation>('POST', `/conversations/${conversation}/take-over`, { body: { assignee, reason } }),
  merge: (kept: number, other: number) => request<Joined>('POST', `/conversations/${kept}/merge`, { body: { other } }),
  split: (conversation: number, message: number, subject: string) =>
    request<Joined>('POST', `/conversations/${conversation}/split`, { body: { from_message: message, subject } }),
  undo: (conversation: number, merge: number) =>
    request<Joined>('POST', `/conversations/${conversation}/unmerge`, { body: { merge } }),
  drafts: (conversation: number) => request<Page<Draft>>('GET', `/conversations/${conversation}/drafts`),
  keepDraft: (conversation: number, { mode, ...draft }: Draft) =>
    request<Page<Draft>>('PUT', `/conversations/${conversation}/drafts/${mode}`, { body: draft }),
}
