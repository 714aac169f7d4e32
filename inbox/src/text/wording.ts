/** What the hub says in codes, said in the reader's words. */
import { useI18n } from 'vue-i18n'
import { Refusal, type Failure } from '@/api/http'
import type { Conversation, Message, Satisfaction } from '@/api/types'
import { useWork } from '@/stores/work'
import { ERASABLE, erasedParts, eventSentence, namesIn } from './events'
import { plainName } from './names'
import { nameIn, word } from './payloads'
import { exactly, wait } from './time'

const TAIL = 4
const PREVIEWED = 120

export function useWording() {
  const { t, te, locale } = useI18n()
  const work = useWork()

  function contactName(contact: { id: number; name: string }): string {
    return plainName(contact.name) || t('common.unnamed', { tail: String(contact.id).padStart(TAIL, '0').slice(-TAIL) })
  }

  /**
   * A lost race carries in `by` who was first, a wrong address itself in `address`, a cap in `after` the seconds it lasts, what the bot knows
   * already in `known`, and of a ready-made text the `gap` that is left. A macro tells where it stopped, and why.
   */
  function failure(error: Failure): string {
    if (!(error instanceof Refusal)) return t('errors.unanswered')
    const { by = '', address = '', known = '', gap = '', step = '', action = '', reason = '', after } = error.problem
    const key = `errors.${error.code}`
    if (after && te(`${key}_after`)) return t(`${key}_after`, { after: wait(Number(after) * 1_000, locale.value) })
    if (te(key)) return t(key, { by, address, known, gap, step, action: doing(action), reason: code(reason, gap) })
    if (error.problem.status >= 500) return t('errors.server', { code: error.code })
    return t('errors.unknown', { code: error.code })
  }

  const code = (word: string, gap = ''): string =>
    te(`errors.${word}`) ? t(`errors.${word}`, { by: '', address: '', known: '', gap }) : word

  const doing = (action: string): string => (te(`thread.macro.do.${action}`) ? t(`thread.macro.do.${action}`) : action)

  const wrongAddresses = (wrong: readonly string[]): string =>
    wrong.length ? t('thread.mail.wrong', { addresses: wrong.join(t('common.listSeparator')) }, wrong.length) : ''

  function rating({ score, scale }: Pick<Satisfaction, 'score' | 'scale'>): string {
    return scale === 'stars' ? t('inbox.rating.stars', { n: score }) : t(score ? 'inbox.rating.good' : 'inbox.rating.bad')
  }

  /** What the customer said of it, with their own words. */
  function rated({ score, scale, comment }: Message['payload']): string {
    const given = rating({ score: Number(score), scale: scale === 'stars' ? 'stars' : 'good_bad' })
    const said = nameIn(comment)
    return said ? t('inbox.rating.withComment', { rating: given, comment: said }) : given
  }

  function event(message: Message): string {
    const { key, values } = eventSentence(message.payload)
    const who = personIn(message) || t('thread.event.someone')
    const target = nameIn(message.payload.target)
    const promised = te(`sla.promise.${target}`) ? t(`sla.promise.${target}`) : target
    const line = t(`thread.event.${key}`, {
      ...values,
      ...organised(message.payload),
      who,
      what: erased(message.payload.what),
      target: promised,
      rating: key === 'rated' ? rated(message.payload) : '',
    })
    const reason = nameIn(message.payload.reason)
    if (!reason) return line
    const known = te(`thread.reason.${reason}`)
    // Engines may have reasons of their own; those who take over still want to see them.
    if (!known && key !== 'handed_over') return line
    return t('thread.event.because', { line, reason: known ? t(`thread.reason.${reason}`) : reason })
  }

  /** What agents said of a conversation, by the names that ops gave it. */
  function organised({ until, disposition, added, removed, priority }: Message['payload']) {
    const labels = (ids: unknown): string => namesIn(ids).map((id) => work.named(work.label(id))).join(t('common.listSeparator'))
    return {
      time: word(until) ? exactly(word(until), Date.now(), locale.value) : '',
      how: work.disposition(word(disposition)),
      added: labels(added),
      removed: labels(removed),
      priority: typeof priority === 'number' ? t(`work.priority.${priority}`) : '',
    }
  }

  const erased = (what: unknown): string =>
    erasedParts(what)
      .map((part) => (ERASABLE.includes(part) ? t(`thread.erased.${part}`) : part))
      .join(t('common.listSeparator'))

  function preview(message: Message | null): string {
    if (!message) return ''
    if (message.kind === 'event') return event(message)
    const body = message.text.slice(0, PREVIEWED).replace(/\s+/g, ' ').trim()
    if (message.kind === 'text') return body
    const key = `thread.kind.${message.kind}`
    const kind = te(key) ? t(key) : t('thread.kind.unsupported')
    const detail = body || nameIn(message.payload.title) || nameIn(message.payload.head) || nameIn(message.payload.label) || (message.kind === 'file' ? message.attachments[0]?.name : '')
    return detail ? `[${kind}] ${detail}` : `[${kind}]`
  }

  /** The preview of a row says who spoke, unless it was the customer. */
  function rowPreview(conversation: Conversation, isMine: (agent: { id: number }) => boolean): string {
    const message = conversation.last_message
    if (!message || message.direction === 'in' || message.kind === 'event') return preview(message)
    const { author } = message
    const who =
      author.kind === 'bot'
        ? t('thread.author.bot')
        : author.id !== null && isMine({ id: author.id })
          ? t('thread.author.me')
          : author.name || t('thread.author.system')
    return t('inbox.said', { who, what: preview(message) })
  }

  return { contactName, failure, code, doing, wrongAddresses, event, rating, preview, rowPreview, locale }
}

const personIn = (message: Message): string =>
  nameIn(message.payload.by) || nameIn(message.payload.agent) || nameIn(message.author)
