/** Turns messages into the rows of a thread: days, the unread line, events, runs of one author. */
import type { Message } from '@/api/types'
import type { Pending } from '@/stores/threads'
import { handOverOf, type HandOver } from './bots'
import { newSubjects } from './mails'
import { whyOf, type Why } from './routing'
import { dayOf } from './time'

export type Item =
  | { type: 'start'; key: string }
  | { type: 'day'; key: string; time: string }
  | { type: 'unread'; key: string }
  | { type: 'event'; key: string; message: Message; told: HandOver | null; why: Why | null }
  | { type: 'message'; key: string; message: Message; opens: boolean; closes: boolean; subject: string }
  | { type: 'pending'; key: string; pending: Pending }

const ONE_RUN = 3 * 60_000

export function timeline(messages: readonly Message[], pending: readonly Pending[], firstUnread: number | null, whole: boolean): Item[] {
  const items: Item[] = []
  const subjects = newSubjects(messages)
  if (whole && messages.length) items.push({ type: 'start', key: 'start' })
  messages.forEach((message, index) => {
    const before = messages[index - 1]
    const after = messages[index + 1]
    const newDay = !before || dayOf(before.created_at) !== dayOf(message.created_at)
    if (newDay) items.push({ type: 'day', key: `day-${dayOf(message.created_at)}`, time: message.created_at })
    if (message.id === firstUnread) items.push({ type: 'unread', key: 'unread' })
    if (message.kind === 'event') {
      items.push({ type: 'event', key: `m-${message.id}`, message, told: handOverOf(message.payload), why: whyOf(message.payload) })
    } else {
      items.push({
        type: 'message',
        key: `m-${message.id}`,
        message,
        opens: newDay || message.id === firstUnread || !before || !sameRun(before, message),
        closes: !after || after.id === firstUnread || !sameRun(message, after),
        subject: subjects.get(message.id) ?? '',
      })
    }
  })
  const arrived = new Set(messages.map(({ id }) => id))
  for (const one of pending) {
    if (one.arrivedAs === null || !arrived.has(one.arrivedAs)) items.push({ type: 'pending', key: `p-${one.key}`, pending: one })
  }
  return items
}

function sameRun(a: Message, b: Message): boolean {
  return (
    b.kind !== 'event' &&
    a.kind !== 'event' &&
    a.direction === b.direction &&
    a.author.kind === b.author.kind &&
    a.author.id === b.author.id &&
    a.channel === b.channel &&
    Date.parse(b.created_at) - Date.parse(a.created_at) < ONE_RUN &&
    dayOf(a.created_at) === dayOf(b.created_at)
  )
}
