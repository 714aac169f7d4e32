/** Which conversations a list has, and where they stand in it: pure functions over rows, without Vue. */
import type { Filter } from '@/api/organising'
import type { Conversation } from '@/api/types'
import { mostUrgent } from '@/text/promises'

const UNRESOLVED: Conversation['status'][] = ['bot', 'waiting', 'open', 'snoozed']

/** The views that everybody has; the first ones stand beside the list's head, the others in its menu. */
export const VIEWS = {
  mine: { status: UNRESOLVED, assignee: 'me' },
  waiting: { status: ['waiting'] },
  all: { status: UNRESOLVED },
  mentions: { mentioned: true },
  followed: { followed: true },
  snoozed: { status: ['snoozed'] },
  bot: { status: ['bot'] },
  resolved: { status: ['resolved'] },
} satisfies Record<string, Filter>

export type StandardView = keyof typeof VIEWS
export type ViewName = StandardView | `saved:${number}`

export const STANDARD = Object.keys(VIEWS) as StandardView[]

export const isStandard = (word: unknown): word is StandardView => typeof word === 'string' && word in VIEWS
export const isViewName = (word: unknown): word is ViewName =>
  isStandard(word) || (typeof word === 'string' && /^saved:\d+$/.test(word))

export function activity(conversation: Conversation): string {
  return conversation.last_message?.created_at ?? conversation.created_at
}

/** RFC 3339 in UTC compares as text only when the fractions have the same length, so compare instants. */
export function later(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b)
}

type Compare = (a: Conversation, b: Conversation) => number

const newestFirst: Compare = (a, b) => later(activity(b), activity(a)) || b.id - a.id
const mostUrgentFirst: Compare = (a, b) => b.priority - a.priority || newestFirst(a, b)
/** Who does not wait comes after all who do. */
const longestWaitFirst: Compare = (a, b) =>
  Number(!a.waiting_since) - Number(!b.waiting_since) ||
  (a.waiting_since && b.waiting_since ? later(a.waiting_since, b.waiting_since) : 0) ||
  a.id - b.id
/** As routing hands them out. */
const nextFirst: Compare = (a, b) => b.priority - a.priority || longestWaitFirst(a, b)

/** When the first running promise is due; null where none runs. */
function dueAt(row: Conversation): string | null {
  const first = mostUrgent(row)
  return first && first.state !== 'paused' ? first.due_at : null
}

const soonestDueFirst: Compare = (a, b) => later(dueAt(a) ?? '9999', dueAt(b) ?? '9999') || a.id - b.id

export function comparing({ sort, status }: Filter): Compare {
  if (sort === 'sla') return soonestDueFirst
  if (sort === 'priority') return mostUrgentFirst
  if (sort === 'oldest_waiting') return longestWaitFirst
  const isQueue = status?.length === 1 && status[0] === 'waiting'
  return isQueue && !sort ? nextFirst : newestFirst
}

/** Whether it belongs, as far as its row tells. */
export function fits(row: Conversation, { status, assignee, team, channel, labels, priority, sort }: Filter, me: number): boolean {
  return (
    (!status?.length || status.includes(row.status)) &&
    (!assignee || (assignee === 'none' ? !row.assignee : row.assignee?.id === (assignee === 'me' ? me : Number(assignee)))) &&
    (!team || row.team === team) &&
    (!channel || row.channels.includes(channel)) &&
    (labels ?? []).every((label) => row.labels.includes(label)) &&
    (!priority?.length || priority.includes(row.priority)) &&
    (sort !== 'sla' || dueAt(row) !== null)
  )
}

/**
 * Of these only the hub knows which it has; and what somebody just read must not vanish from under their eyes. So rows
 * come into such a list with their page only.
 */
export const isClosed = ({ q, followed, mentioned, unread }: Filter): boolean => !!(q || followed || mentioned || unread)

/**
 * The order after one conversation changed. Rows beyond the loaded part come with their page, so a row that would
 * land there is left out while `more` says there are such rows.
 */
export function placed(
  order: readonly number[],
  changed: Conversation,
  filter: Filter,
  me: number,
  rows: ReadonlyMap<number, Conversation>,
  more: boolean,
): number[] {
  const rest = order.filter((id) => id !== changed.id)
  const wasThere = rest.length < order.length
  if (!fits(changed, filter, me)) return rest
  if (isClosed(filter) && !wasThere) return rest
  const compare = comparing(filter)
  let at = rest.findIndex((id) => {
    const other = rows.get(id)
    return other !== undefined && compare(changed, other) < 0
  })
  if (at < 0) at = rest.length
  if (at === rest.length && more && !wasThere) return rest
  rest.splice(at, 0, changed.id)
  return rest
}

export const sameOrder = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, index) => id === b[index])
