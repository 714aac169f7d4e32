/** Ready-made texts and macros, and notes put right. */
import { query, request } from './http'
import type { Agent, AgentRef, Conversation, Message, Page } from './types'

export type ActionName = 'reply' | 'note' | 'label' | 'priority' | 'team' | 'assign' | 'snooze' | 'resolve'

export interface CannedAction {
  do: ActionName
  /** The text, the team, the colleague … of what it does. */
  said: string
  said_en: string | null
}

export interface Canned {
  id: string
  kind: 'reply' | 'macro'
  title: string
  title_en: string | null
  /** Filled where it was asked for a conversation. */
  text: string
  text_en: string | null
  /** What could not be filled. */
  gaps: string[]
  actions: CannedAction[]
  keywords: string[]
  /** null: my own. */
  team: string | null
  /** Of the configuration, where it is changed. */
  file: string | null
  line: number | null
  updated_by: AgentRef | null
  updated_at: string | null
  editable: boolean
}

export interface CannedDraft {
  title: string
  text?: string
  actions?: Partial<Record<ActionName, string | boolean>>[]
  keywords: string[]
  team: string | null
}

export interface Named {
  id: string
  zh: string
  en: string
}

/** The words in which work is organised. */
export interface Work {
  labels: Named[]
  dispositions: Named[]
  teams: string[]
}

export interface Variable {
  name: string
  sample: string
}

export const canned = {
  ready: (conversation: number, q: string) => request<Page<Canned>>('GET', `/conversations/${conversation}/canned${query({ q })}`),
  run: (conversation: number, macro: string, key: string) =>
    request<Conversation>('POST', `/conversations/${conversation}/macros`, { body: { macro }, headers: { 'Idempotency-Key': key } }),
  all: (q = '') => request<{ items: Canned[] }>('GET', `/canned${query({ q })}`),
  keep: (draft: CannedDraft) => request<Canned>('POST', '/canned', { body: draft }),
  change: (id: string, draft: CannedDraft) => request<Canned>('PUT', `/canned/${id}`, { body: draft }),
  remove: (id: string) => request<void>('DELETE', `/canned/${id}`),
  variables: () => request<{ items: Variable[] }>('GET', '/canned/variables'),
  preview: (text: string) => request<{ text: string; gaps: string[] }>('POST', '/canned/preview', { body: { text } }),
  work: () => request<Work>('GET', '/work'),
  colleagues: (q: string) => request<Page<Agent & { email: string }>>('GET', `/agents${query({ q })}`),
  editNote: (message: number, text: string) => request<Message>('PATCH', `/messages/${message}`, { body: { text } }),
}
