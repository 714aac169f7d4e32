/** Search over all that was said, and over people. */
import { query, request } from './http'
import type { AgentRef, ConversationStatus, Message } from './types'

/** `marks`: from and to, counted in characters (code points). */
export interface Excerpt {
  text: string
  marks: [number, number][]
}

export interface FoundConversation {
  id: number
  status: ConversationStatus
  subject: string
  channel: string
  team: string
  assignee: AgentRef | null
  contact: { id: number; name: string }
  last_activity_at: string
}

export interface MessageHit {
  kind: 'message'
  message: Pick<Message, 'id' | 'direction' | 'author' | 'channel' | 'kind' | 'sent_at' | 'created_at'>
  conversation: FoundConversation
  found_in: string
  excerpt: Excerpt
}

export interface ContactHit {
  kind: 'contact'
  contact: { id: number; name: string }
  name: Excerpt
  addresses: { scheme: string; value: Excerpt }[]
  conversation: FoundConversation | null
}

export type Hit = MessageHit | ContactHit

export const search = (asked: Record<string, string>, cursor: string | null, signal: AbortSignal) =>
  request<{ items: Hit[]; next: string | null }>('GET', `/search${query({ ...asked, cursor })}`, { signal })
