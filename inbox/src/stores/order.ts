/** Where conversations stand in a view: pure functions over rows, without Vue. */
import type { Conversation } from '@/api/types'

export type ViewName = 'mine' | 'waiting' | 'all'

export interface View {
  filter: { status: Conversation['status'][]; assignee?: 'me' }
  has: (conversation: Conversation, me: number) => boolean
  /** Negative when `a` stands above `b`. */
  compare: (a: Conversation, b: Conversation) => number
}

const UNRESOLVED: Conversation['status'][] = ['bot', 'waiting', 'open', 'snoozed']

const newestFirst = (a: Conversation, b: Conversation): number => later(activity(b), activity(a)) || b.id - a.id
const longestWaitFirst = (a: Conversation, b: Conversation): number =>
  later(a.waiting_since ?? a.updated_at, b.waiting_since ?? b.updated_at) || a.id - b.id

export const VIEWS: Record<ViewName, View> = {
  mine: {
    filter: { status: UNRESOLVED, assignee: 'me' },
    has: (conversation, me) => conversation.assignee?.id === me && conversation.status !== 'resolved',
    compare: newestFirst,
  },
  waiting: {
    filter: { status: ['waiting'] },
    has: (conversation) => conversation.status === 'waiting',
    compare: longestWaitFirst,
  },
  all: {
    filter: { status: UNRESOLVED },
    has: (conversation) => conversation.status !== 'resolved',
    compare: newestFirst,
  },
}

export const isViewName = (word: unknown): word is ViewName => typeof word === 'string' && word in VIEWS

export function activity(conversation: Conversation): string {
  return conversation.last_message?.created_at ?? conversation.created_at
}

/** RFC 3339 in UTC compares as text only when the fractions have the same length, so compare instants. */
export function later(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b)
}

/**
 * The order after one conversation changed. Rows beyond the loaded part come with their page, so a row that would
 * land there is left out while `more` says there are such rows.
 */
export function placed(
  order: readonly number[],
  changed: Conversation,
  view: View,
  me: number,
  rows: ReadonlyMap<number, Conversation>,
  more: boolean,
): number[] {
  const rest = order.filter((id) => id !== changed.id)
  if (!view.has(changed, me)) return rest
  let at = rest.findIndex((id) => {
    const other = rows.get(id)
    return other !== undefined && view.compare(changed, other) < 0
  })
  if (at < 0) at = rest.length
  if (at === rest.length && more && !order.includes(changed.id)) return rest
  rest.splice(at, 0, changed.id)
  return rest
}

export const sameOrder = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, index) => id === b[index])
