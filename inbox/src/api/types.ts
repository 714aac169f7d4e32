/** The shapes of the public HTTP API, exactly as the hub sends them. */

export type Role = 'agent' | 'supervisor' | 'admin'

export interface AgentRef {
  id: number
  name: string
}

export interface Agent extends AgentRef {
  role: Role
}

export interface Me extends Agent {
  email: string
  teams: string[]
}

export type ConversationStatus = 'bot' | 'waiting' | 'open' | 'snoozed' | 'resolved'

export interface Allowance {
  left: number
  limit: number
  until: string
}

export interface Conversation {
  id: number
  status: ConversationStatus
  contact: { id: number; name: string }
  channels: string[]
  assignee: AgentRef | null
  team: string | null
  last_message: Message | null
  unread: number
  allowance: Allowance | null
  context: Record<string, unknown>
  waiting_since: string | null
  snoozed_until: string | null
  created_at: string
  updated_at: string
  /** Only where one conversation is asked for by its id. */
  reply?: Reply
}

export type ReplyBlock = 'window_closed' | 'allowance_used' | 'passive' | 'unreachable' | 'no_channel'

export interface MediaLimit {
  bytes: number
  mimes: string[]
}

export interface Reply {
  channel: string | null
  label: string | null
  allowed: boolean
  reason: ReplyBlock | null
  /** What happens to a reply that cannot go now: "notice", "wait" or the name of another channel, in this order. */
  fallback?: string[]
  text_bytes: number | null
  media: Record<string, MediaLimit>
  links: boolean
  cards: boolean
  menus?: boolean
  typing: boolean
  receipts: boolean
}

export type Direction = 'in' | 'out' | 'note'
export type AuthorKind = 'contact' | 'agent' | 'bot' | 'system'
export type DeliveryState =
  | 'queued'
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'failed'
  | 'uncertain'
  | 'cancelled'

export interface Delivery {
  state: DeliveryState
  attempts: number
  error: { code: string; reason: string } | null
}

export interface Attachment {
  id: number
  name: string
  mime: string
  size: number
  url: string | null
  medium?: string
  state?: 'ready' | 'pending' | 'failed'
}

export interface Message {
  id: number
  conversation_id: number
  direction: Direction
  author: { kind: AuthorKind; id: number | null; name: string | null }
  channel: string | null
  kind: string
  text: string
  attachments: Attachment[]
  payload: Record<string, unknown>
  sent_at: string | null
  created_at: string
  delivery: Delivery | null
}

export interface MessageDraft {
  text?: string
  attachments?: number[]
  channel?: string
  note?: boolean
}

export interface Counts {
  mine: number
  waiting: number
  all: number
}

export interface Page<T> {
  items: T[]
  next: string | number | null
}

export interface Identity {
  scheme: string
  value: string
  reachable: boolean
  channel?: string | null
}

/** Two customers who turned out to be one. */
export interface Merge {
  id: number
  at: string
  by: unknown
  other: { id: number; name: string }
  undone: boolean
}

export interface Contact {
  id: number
  name: string
  language?: string | null
  facts?: Record<string, unknown>
  identities: Identity[]
  conversations: Conversation[]
  merges?: Merge[]
}

export interface Channel {
  name: string
  label: string
  state: 'ok' | 'paused'
  reason: string | null
  last_inbound_at: string | null
  last_outbound_at: string | null
  queued: number
  failed: number
}

/** RFC 9457, with the machine word this client translates. */
export interface Problem {
  code: string
  title: string
  status: number
  detail?: string
  by?: string
  errors?: { field: string; reason: string }[]
}

export interface StreamEvents {
  message: { message: Message }
  conversation: { conversation: Conversation }
  channel: { channel: Channel }
  resync: Record<string, never>
}
