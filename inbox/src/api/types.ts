/** The shapes of the public HTTP API, exactly as the hub sends them. */

import type { About } from './attention'
import type { Status } from './presence'

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

export interface SlaPromise {
  target: 'first_answer' | 'next_answer' | 'resolution'
  policy: string
  state: 'running' | 'paused' | 'met' | 'breached'
  due_at: string | null
  /** By the wall while it runs, working time while it is paused; below 0: overdue by so much. */
  left_seconds: number | null
  /** null: it is still owed, be it breached or not. */
  ended_at: string | null
}

export interface Satisfaction {
  score: number
  /** stars: 1 to 5; good_bad: 1 or 0. */
  scale: 'stars' | 'good_bad'
  comment: string
}

export interface Conversation {
  id: number
  status: ConversationStatus
  contact: { id: number; name: string }
  channels: string[]
  assignee: AgentRef | null
  team: string | null
  /** 0 low, 1 normal, 2 high, 3 urgent. */
  priority: number
  /** Their ids. */
  labels: string[]
  /** How it ended, an id; "" while nobody said. */
  disposition: string
  last_message: Message | null
  unread: number
  allowance: Allowance | null
  context: Record<string, unknown>
  waiting_since: string | null
  snoozed_until: string | null
  sla: SlaPromise[]
  /** What is said there now lands in that one. */
  merged_into?: number | null
  /** What the customer thought of it. */
  csat: Satisfaction | null
  created_at: string
  updated_at: string
  /** "" on channels whose messages have none. */
  subject: string
  /** How the reply of ours begins that is not sent yet; only in lists. */
  draft?: string
  /** These only where one conversation is asked for by its id. */
  drafts?: Draft[]
  /** Merges and splits that can still be undone. */
  undoable?: number[]
  reply?: Reply
  participants?: Participant[]
  /** By me. */
  followed?: boolean
}

/** What we have begun to write, on any of our devices. */
export interface Draft {
  mode: 'reply' | 'note'
  text: string
  fields: Record<string, string>
  updated_at: string
}

/** A colleague who looks at a conversation now. */
export interface Viewer extends AgentRef {
  typing: boolean
}

/** Somebody in a thread of mails: whose conversation it is, who also wrote, who was only copied. */
export interface Participant {
  address: string
  name: string
  kind: 'customer' | 'wrote' | 'copied'
}

export type ReplyBlock =
  | 'window_closed'
  | 'allowance_used'
  | 'passive'
  | 'unreachable'
  | 'opted_out'
  | 'no_call'
  | 'no_channel'

export interface MediaLimit {
  bytes: number
  /** null: any. */
  mimes: string[] | null
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
  /** Messages carry a subject and copies; the rest is what an answer to all would have. */
  threaded: boolean
  to: string
  subject: string
  cc: string[]
  /** They have a number, and we have a line. */
  callable: boolean
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
  /** How loud a recording is, from 0 to 100, from its beginning to its end; null where nobody listened to it. */
  peaks?: number[] | null
  /** Of a picture: its pixels as shown, turned the way the camera was held; null where nobody can tell. */
  width?: number | null
  height?: number | null
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
  /** The raw message, where the hub keeps it. */
  source: Attachment | null
  payload: Record<string, unknown>
  sent_at: string | null
  created_at: string
  delivery: Delivery | null
}

/** Only what the agent changed: the hub fills in what an answer to all has. */
export interface Heading {
  subject?: string
  cc?: string[]
  bcc?: string[]
}

export interface MessageDraft extends Heading {
  text?: string
  template?: TemplateUse
  attachments?: number[]
  channel?: string
  note?: boolean
  suggestion?: SuggestionUse
  /** Ready-made texts that went into it. */
  canned?: string[]
  /** Colleagues that a note calls. */
  mentions?: number[]
  /** The newest message that was on the screen when the agent began to write. */
  seen?: number
}

/** An approved text, its gaps as ${field}. */
export interface TemplateForm {
  name: string
  text: string
  fields: string[]
}

export interface TemplateUse {
  name: string
  fields: Record<string, string>
}

/** To somebody who may never have written. */
export interface NewConversation {
  channel: string
  to: string
  name?: string
  subject: string
  text: string
  cc: string[]
  bcc: string[]
  attachments: number[]
}

export interface Counts {
  mine: number
  waiting: number
  all: number
  snoozed: number
  bot: number
  /** Not yet seen. */
  mentions: number
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
  tags?: string[]
  facts?: Record<string, unknown>
  attributes?: Record<string, string | number | boolean>
  blocked_at?: string | null
  identities: Identity[]
  conversations: Conversation[]
  merges?: Merge[]
}

/** What fetches for a channel that does not call us. */
export interface Receiver {
  state: 'ok' | 'failing' | 'away'
  reason: string
  since: string | null
  heard_at: string | null
}

/** `paused`: nothing goes out; `deaf`: nothing comes in. */
export interface ChannelState {
  name: string
  state: 'ok' | 'paused' | 'deaf'
  reason: string | null
}

export interface Channel extends ChannelState {
  label: string
  /** We may write first. */
  begins: boolean
  /** Messages carry a subject and copies. */
  threaded: boolean
  /** Texts are billed by the segment of an SMS. */
  segments: boolean
  /** Otherwise nothing but templates. */
  free_text: boolean
  templates: TemplateForm[]
  /** What is sent is said in a call. */
  spoken: boolean
  /** A phone line: agents can call out. */
  calls: boolean
  receiver: Receiver | null
  last_inbound_at: string | null
  last_outbound_at: string | null
  queued: number
  failed: number
}

export type CallState = 'ringing' | 'bot' | 'queued' | 'calling' | 'dialling' | 'talking' | 'voicemail' | 'ended'

/** One phone, or one browser, in a call. */
export interface CallLeg {
  id: number
  party: 'customer' | 'agent'
  agent: AgentRef | null
  device: '' | 'phone' | 'browser'
  state: 'placing' | 'ringing' | 'answered' | 'ended'
}

export interface Call {
  id: number
  state: CallState
  /** Once it ended. */
  outcome: string
  reason: string
  direction: 'in' | 'out'
  number: string
  channel: string
  agent: AgentRef | null
  started_at: string
  queued_at: string | null
  answered_at: string | null
  ended_at: string | null
  /** In the queue, from 1. */
  position: number | null
  held: boolean
  recorded: boolean
  legs: CallLeg[]
}

export interface LiveCall extends Call {
  conversation_id: number
  contact: { id: number; name: string }
  team: string
}

export type Device = 'off' | 'phone' | 'browser'

/** Where I take calls. */
export interface MyPhone {
  device: Device
  /** The number that ops wrote down for me. */
  phone: string | null
  /** Some line can ring a browser. */
  browser: boolean
  channels: { name: string; label: string }[]
}

/** What makes this browser a phone. */
export interface SoftphonePass {
  driver: string
  token: string
  expires_in: number
  address: string
}

/** Something a customer may have meant. Scores run from 0 to 1. */
export interface Candidate {
  id: string
  question: string
  score: number
}

export interface SuggestedAnswer extends Candidate {
  text: string
}

export interface Recommendation {
  id: string
  kind: 'article' | 'product' | 'action'
  title: string
  text: string
  url: string
  reason: string
  by: string
}

/** Beside the newest question that a person has to answer; without an id where there are none. */
export interface Suggestions {
  id: number | null
  message_id: number | null
  answers: SuggestedAnswer[]
  recommendations: Recommendation[]
}

/** What a reply began from. */
export interface SuggestionUse {
  id: number
  which: string
}

export type Rating = 'good' | 'bad' | null

/** Something the bot can say. */
export interface Known {
  id: string
  kind: 'entry' | 'article' | 'flow'
  question: string
  answer: string
  tags: string[]
}

export interface Bots {
  items: { name: string; engines: string[] }[]
  version: string
  /** What its suites said of the version in use. */
  report: Record<string, unknown>
  /** A newer version of the files, which is not used. */
  refused: { version: string; problems: string[]; at: string } | null
}

/** Questions alike that the bot had no right answer to. */
export interface QuestionCluster {
  id: number
  bot: string
  question: string
  /** In the last week, and in the week before. */
  size: number
  before: number
  examples: string[]
  nearest: Candidate[]
  state: string
  created_at: string
}

/** Questions that an agent wants an answer to be found by. */
export interface Proposal {
  id: number
  entry: string
  questions: string[]
  state: string
  by: AgentRef | null
  created_at: string
}

/** RFC 9457, with the machine word this client translates. */
export interface Problem {
  code: string
  title: string
  status: number
  detail?: string
  by?: string
  address?: string
  after?: string
  known?: string
  gap?: string
  step?: string
  action?: string
  reason?: string
  /** Who was faster, when, and up to which message that has then been seen. */
  kind?: AuthorKind
  at?: string
  seen?: string
  pending?: string
  errors?: { field: string; reason: string }[]
}

export interface StreamEvents {
  message: { message: Message }
  conversation: { conversation: Conversation }
  channel: { channel: ChannelState }
  call: { call: LiveCall }
  suggestion: { conversation_id: number }
  draft: { agent_id: number; conversation_id: number; mode: 'reply' | 'note'; updated_at: string | null }
  viewers: { conversation_id: number; viewers: Viewer[] }
  presence: { presence: { agent_id: number; status: Status } }
  notification: { agent_id: number; kind: About; conversation_id: number }
  /** I could read it before, and no longer can. */
  gone: { conversation_id: number }
  resync: Record<string, never>
}
