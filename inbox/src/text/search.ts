/** What is searched for as the address bar, the hub and the screen write it. */
import type { ContactHit, Excerpt, Hit, MessageHit } from '@/api/search'

/** In the order of the chips; the names are those of the hub. */
export const FILTERS = ['kind', 'channel', 'team', 'agent', 'label', 'status', 'direction', 'has', 'from', 'to', 'sort'] as const
export type FilterName = (typeof FILTERS)[number]
export type Asked = { q: string } & Partial<Record<FilterName, string>>

type Query = Record<string, unknown>

const CHOICES: Partial<Record<FilterName, readonly string[]>> = {
  kind: ['messages', 'contacts'],
  status: ['bot', 'waiting', 'open', 'snoozed', 'resolved'],
  direction: ['in', 'out', 'note'],
  has: ['attachment'],
  sort: ['relevance'],
}
const DAY = /^\d{4}-\d{2}-\d{2}$/

export const choicesOf = (name: FilterName): readonly string[] => CHOICES[name] ?? []

/** A pasted link may say anything: what no filter can be is left out. */
export function askedIn(query: Query): Asked {
  const asked: Asked = { q: typeof query.q === 'string' ? query.q : '' }
  for (const name of FILTERS) {
    const value = query[name]
    if (typeof value === 'string' && isPossible(name, value)) asked[name] = value
  }
  return asked
}

function isPossible(name: FilterName, value: string): boolean {
  if (name === 'from' || name === 'to') return DAY.test(value) && !Number.isNaN(Date.parse(value))
  if (name === 'agent') return value === 'me' || /^\d{1,15}$/.test(value)
  return value !== '' && (CHOICES[name]?.includes(value) ?? true)
}

export function queryOf(asked: Asked): Record<string, string> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value))
}

/** Days are the reader's own, and the last one counts. */
export function toHub({ from, to, ...asked }: Asked): Record<string, string> {
  const day = (at: string, more: number): string => {
    const [year, month, date] = at.split('-').map(Number) as [number, number, number]
    return new Date(year, month - 1, date + more).toISOString()
  }
  return queryOf({ ...asked, ...(from && { from: day(from, 0) }), ...(to && { to: day(to, 1) }) })
}

export const narrowed = (asked: Asked): boolean => FILTERS.some((name) => name !== 'sort' && asked[name])

/** The hub counts characters, JavaScript halves of some. */
export function pieces({ text, marks }: Excerpt): { text: string; marked: boolean }[] {
  const characters = [...text]
  const cut: { text: string; marked: boolean }[] = []
  let at = 0
  for (const [start, end] of marks) {
    cut.push({ text: characters.slice(at, start).join(''), marked: false })
    cut.push({ text: characters.slice(start, end).join(''), marked: true })
    at = end
  }
  cut.push({ text: characters.slice(at).join(''), marked: false })
  return cut.filter((piece) => piece.text)
}

export type Row =
  | { key: string; to: string; type: 'person'; hit: ContactHit }
  /** `again`: of the same conversation as the row above it. */
  | { key: string; to: string; type: 'message'; hit: MessageHit; again: boolean }

export function rowsOf(hits: readonly Hit[]): Row[] {
  const seen = new Set<string>()
  const rows: Row[] = []
  for (const hit of hits) {
    const key = hit.kind === 'contact' ? `c-${hit.contact.id}` : `m-${hit.message.id}`
    if (seen.has(key)) continue
    seen.add(key)
    if (hit.kind === 'contact') {
      rows.push({ key, type: 'person', hit, to: hit.conversation ? `/inbox/all/${hit.conversation.id}` : '' })
      continue
    }
    const above = rows.at(-1)
    const again = above?.type === 'message' && above.hit.conversation.id === hit.conversation.id
    rows.push({ key, type: 'message', hit, again, to: `/inbox/all/${hit.conversation.id}?message=${hit.message.id}` })
  }
  return rows
}

const KEPT = 8

export const withRecent = (recent: readonly string[], asked: string): string[] =>
  [asked, ...recent.filter((other) => other !== asked)].filter(Boolean).slice(0, KEPT)
