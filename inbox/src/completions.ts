/** What each sign offers: ready-made texts and macros, colleagues, emoji. */
import { canned, type Canned } from './api/canned'
import type { IconName } from './components/ui/icons'
import { loadAreas } from './i18n'
import type { Mark, Trigger } from './text/caret'

export interface Choice {
  id: string
  title: string
  detail: string
  icon: IconName
  /** Instead of the icon. */
  sign?: string
  /** What is put in. */
  piece: string
  canned?: Canned
  /** The colleague who is called. */
  person?: { id: number; name: string }
}

type Ask = (query: string, conversation: number, locale: string) => Promise<Choice[]>

export const titleOf = ({ title, title_en }: Canned, locale: string): string => (locale === 'en' && title_en ? title_en : title)

const readyMade: Ask = async (query, conversation, locale) => {
  const [{ items }] = await Promise.all([canned.ready(conversation, query), loadAreas('canned')])
  return items.map((one) => ({
    id: one.id,
    title: titleOf(one, locale),
    detail: one.text.replace(/\s+/g, ' '),
    icon: one.kind === 'macro' ? 'play' : 'message',
    piece: one.text,
    canned: one,
  }))
}

const colleagues: Ask = async (query) => {
  const [{ items }] = await Promise.all([canned.colleagues(query), loadAreas('canned')])
  return items.map(({ id, name, email }) => ({
    id: String(id), title: name, detail: email, icon: 'user', piece: `@${name} `, person: { id, name },
  }))
}

const emoji: Ask = async (query, _, locale) => {
  const [{ find }] = await Promise.all([import('./text/emoji'), loadAreas('canned')])
  return find(query, locale).map(({ sign, name }) => ({ id: sign, title: name, detail: '', icon: 'image', sign, piece: sign }))
}

const SOURCES: Record<Mark, Ask> = { canned: readyMade, people: colleagues, emoji }

export const ask = ({ mark, query }: Trigger, conversation: number, locale: string): Promise<Choice[]> =>
  SOURCES[mark](query, conversation, locale)
