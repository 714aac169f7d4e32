/** Conversations and messages for tests, whole but short to write. */
import type { Conversation, Message, Reply } from '@/api/types'

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
    last_message: message({ id: part.id * 100, conversation_id: part.id, created_at: at }),
    unread: 0,
    allowance: null,
    context: {},
    waiting_since: null,
    snoozed_until: null,
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
