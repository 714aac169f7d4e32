/** Conversations and messages for tests, whole but short to write. */
import type { CallLeg, Conversation, LiveCall, Message, Reply } from '@/api/types'

export const minute = (n: number): string => new Date(Date.UTC(2026, 10, 22, 8, n)).toISOString()

export function message(part: Partial<Message> & { id: number }): Message {
  return {
    conversation_id: 1,
    direction: 'in',
    author: { kind: 'contact', id: 7, name: 'Wang' },
    channel: 'shop',
    kind: 'text',
    text: `message ${part.id}`,
    attachments: [],
    source: null,
    payload: {},
    sent_at: minute(0),
    created_at: minute(0),
    delivery: null,
    ...part,
  }
}

export function conversation({ at, ...part }: Partial<Conversation> & { id: number; at: string }): Conversation {
  return {
    status: 'open',
    subject: '',
    contact: { id: 7, name: 'Wang' },
    channels: ['shop'],
    assignee: { id: 1, name: 'Lin' },
    team: 'everyone',
    priority: 1,
    labels: [],
    disposition: '',
    last_message: message({ id: part.id * 100, conversation_id: part.id, created_at: at }),
    unread: 0,
    allowance: null,
    context: {},
    waiting_since: null,
    snoozed_until: null,
    sla: [],
    csat: null,
    created_at: minute(0),
    updated_at: at,
    ...part,
  }
}

export function reply(part: Partial<Reply> = {}): Reply {
  return {
    channel: 'shop',
    label: 'Shop',
    allowed: true,
    reason: null,
    text_bytes: null,
    media: {},
    links: true,
    cards: true,
    typing: true,
    receipts: false,
    threaded: false,
    to: '',
    subject: '',
    cc: [],
    callable: false,
    ...part,
  }
}

/** Xiaoming waits for somebody of the sales team. */
export function call(part: Partial<LiveCall> = {}): LiveCall {
  return {
    id: 1,
    state: 'queued',
    outcome: '',
    reason: '',
    direction: 'in',
    number: '+85251230001',
    channel: 'phone',
    agent: null,
    started_at: '2026-03-01T12:00:00Z',
    queued_at: '2026-03-01T12:00:30Z',
    answered_at: null,
    ended_at: null,
    position: 1,
    held: false,
    recorded: true,
    legs: [],
    conversation_id: 7,
    contact: { id: 3, name: '小明' },
    team: 'sales',
    ...part,
  }
}

/** The browser of agent 5 rings. */
export const leg = (part: Partial<CallLeg> = {}): CallLeg => ({
  id: 2,
  party: 'agent',
  agent: { id: 5, name: '小林' },
  device: 'browser',
  state: 'ringing',
  ...part,
})
