/** The people who write to us. */
import { query, request } from './http'
import type { AgentRef, Contact, Message, Page } from './types'

export type AttributeValue = string | number | boolean

export interface Attribute {
  id: string
  zh: string
  en: string
  form: 'text' | 'number' | 'date' | 'choice' | 'yes_no'
  choices: string[]
}

export interface TimelineEntry {
  message: Message
  conversation: { id: number; name: string }
}

export type Sort = 'messages' | 'notes' | 'calls' | 'events'

export interface Alike {
  contact: AgentRef
  reason: 'address' | 'name'
  detail: string
}

export interface ContactChange {
  name?: string
  language?: string
  attributes?: Record<string, AttributeValue | null>
  tags?: string[]
}

export const contacts = {
  one: (id: number) => request<Contact>('GET', `/contacts/${id}`),
  attributes: () => request<Page<Attribute>>('GET', '/contacts/attributes'),
  timeline: (id: number, filter: { kind?: string; channel?: string }, cursor?: string | number | null) =>
    request<Page<TimelineEntry>>('GET', `/contacts/${id}/timeline${query({ ...filter, cursor, limit: 50 })}`),
  alike: (id: number) => request<Page<Alike>>('GET', `/contacts/${id}/alike`),
  change: (id: number, change: ContactChange) => request<Contact>('PATCH', `/contacts/${id}`, { body: change }),
  block: (id: number, reason: string) => request<Contact>('POST', `/contacts/${id}/block`, { body: { reason } }),
  unblock: (id: number) => request<Contact>('POST', `/contacts/${id}/unblock`, { body: {} }),
  erase: (id: number) => request<Contact>('POST', `/contacts/${id}/erase`, { body: {} }),
  merge: (id: number, other: number) => request<Contact>('POST', `/contacts/${id}/merge`, { body: { contact: other } }),
  unmerge: (id: number, merge: number) => request<Contact>('POST', `/contacts/${id}/unmerge`, { body: { merge } }),
}
