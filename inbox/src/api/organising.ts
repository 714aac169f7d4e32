/** Who has which conversation, until when it sleeps, how it ended, what it is called, and what one agent is told. */
import type { About } from './attention'
import { query, request } from './http'
import type { AgentRef, Conversation, ConversationStatus, Page } from './types'

export type LabelColor = 'grey' | 'green' | 'blue' | 'amber' | 'red' | 'violet'

/** In the words of ops. */
export interface Disposition {
  id: string
  zh: string
  en: string
  /** How its Chinese is typed: in full, and by first letters. */
  pinyin: string[]
}

export interface Label extends Disposition {
  color: LabelColor
}

export interface Work {
  labels: Label[]
  dispositions: Disposition[]
  disposition_required: boolean
  teams: string[]
}

export type Sort = 'newest' | 'oldest_waiting' | 'priority' | 'sla'

export interface Filter {
  status?: ConversationStatus[]
  /** me, none, or an agent's id. */
  assignee?: string
  team?: string
  channel?: string
  /** All of them. */
  labels?: string[]
  /** One of them. */
  priority?: number[]
  unread?: boolean
  followed?: boolean
  mentioned?: boolean
  q?: string
  sort?: Sort | ''
}

export interface SavedView {
  id: number
  name: string
  filter: Filter
  shared: boolean
  position: number
  by: AgentRef
}

export type NotificationKind = Exclude<About, 'message'>

export interface Notification {
  id: number
  kind: NotificationKind
  /** By the name of its customer. */
  conversation: { id: number; name: string }
  message_id: number | null
  text: string
  payload: Record<string, unknown>
  created_at: string
  seen_at: string | null
}

/** What is done with one conversation, or with many. */
export type Act =
  | { action: 'assign'; agent: number | null; team?: string; note?: string }
  | { action: 'label' | 'unlabel'; labels: string[] }
  | { action: 'snooze'; until: string | null }
  | { action: 'resolve'; disposition: string }
  | { action: 'priority'; priority: number }
  | { action: 'read' }

export interface BulkResult {
  id: number
  ok: boolean
  problem: { code: string; detail: string } | null
}

const path = (id: number, what: string): string => `/conversations/${id}/${what}`
const post = (id: number, what: string, body: unknown): Promise<Conversation> => request('POST', path(id, what), { body })

export const addressOf = ({ status, labels, priority, ...rest }: Filter): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...rest, status: status?.join(), labels: labels?.join(), priority: priority?.join() })
      .filter(([, value]) => value)
      .map(([name, value]) => [name, String(value)]),
  )

export const organising = {
  conversations: (filter: Filter, cursor?: string | number | null, limit = 50) =>
    request<Page<Conversation>>('GET', `/conversations${query({ ...addressOf(filter), cursor, limit })}`),
  work: () => request<Work>('GET', '/work'),

  assign: (id: number, body: { agent: number | null; team?: string; note?: string }) => post(id, 'assign', body),
  snooze: (id: number, until: string | null) => post(id, 'snooze', { until }),
  resolve: (id: number, disposition = '') => post(id, 'resolve', { disposition }),
  change: (id: number, changes: { labels?: string[]; priority?: number }) =>
    request<Conversation>('PATCH', `/conversations/${id}`, { body: changes }),
  follow: (id: number, on: boolean) => request<Conversation>(on ? 'PUT' : 'DELETE', path(id, 'follow'), { body: {} }),
  bulk: (ids: number[], act: Act) => request<{ items: BulkResult[] }>('POST', '/conversations/bulk', { body: { ids, ...act } }),

  views: () => request<Page<SavedView>>('GET', '/views'),
  saveView: (view: Pick<SavedView, 'name' | 'filter' | 'shared'>) => request<SavedView>('POST', '/views', { body: view }),
  changeView: (id: number, changes: Partial<Pick<SavedView, 'name' | 'filter' | 'shared'>>) =>
    request<SavedView>('PATCH', `/views/${id}`, { body: changes }),
  deleteView: (id: number) => request<void>('DELETE', `/views/${id}`),

  notifications: (before?: string | number | null) => request<Page<Notification>>('GET', `/notifications${query({ before })}`),
  unseen: () => request<{ unseen: number }>('GET', '/notifications/unseen'),
  see: (which: { up_to?: number; conversation?: number }) =>
    request<{ unseen: number }>('POST', '/notifications/seen', { body: which }),
}
