/** What the bot made of a message, in a form that the screen can rely on. */
import type { Candidate, Known, Message, Rating, Suggestions } from '@/api/types'
import { isObject, word } from './payloads'

type Payload = Record<string, unknown>

export interface Step {
  engine: string
  made: string
  why: string
  candidates: Candidate[]
}

export interface BotTurn {
  choice: string
  candidates: Candidate[]
  steps: Step[]
  sources: string[]
  version: string
}

const list = (value: unknown): Payload[] => (Array.isArray(value) ? value.filter(isObject) : [])

const words = (value: unknown): string[] => (Array.isArray(value) ? value.map(word).filter(Boolean) : [])

const candidatesIn = (value: unknown): Candidate[] =>
  list(value).map((each) => ({ id: word(each.id), question: word(each.question) || word(each.id), score: share(each.score) }))

const share = (value: unknown): number => (typeof value === 'number' ? Math.min(1, Math.max(0, value)) : 0)

/** A greeting has none: nothing was made of anything. */
export function turnOf(message: Message): BotTurn | null {
  const turn = message.payload.bot_turn
  if (message.author.kind !== 'bot' || !isObject(turn)) return null
  const steps = list(turn.steps).map((step) => ({
    engine: word(step.engine),
    made: word(step.made),
    why: word(step.why),
    candidates: candidatesIn(step.candidates),
  }))
  if (!steps.length) return null
  return {
    choice: word(turn.choice),
    candidates: candidatesIn(turn.candidates),
    steps,
    sources: words(turn.sources),
    version: word(turn.version),
  }
}

export interface Rated {
  rating: Rating
  /** What it should have answered: an id, or "none". */
  meant: string
  by: string
}

export function ratingOf(message: Message): Rated {
  const given = message.payload.rating
  if (!isObject(given)) return { rating: null, meant: '', by: '' }
  const rating = given.rating === 'good' || given.rating === 'bad' ? given.rating : null
  return { rating, meant: word(given.meant), by: word(given.by) }
}

/** What the customer had written last when the bot said this. */
export function askedBefore(messages: readonly Message[], message: Message): string {
  const before = messages.filter(({ id, direction, text }) => id < message.id && direction === 'in' && text.trim())
  return before.at(-1)?.text.trim() ?? ''
}

/** Not a meaning, but the word that made the bot do it. */
const isEvidence = ({ id }: Candidate): boolean => id === 'person' || id.startsWith('rule:')

/** A dialogue's own name for something that nobody gave a label. */
const isTechnical = (label: string): boolean => /^[a-z][a-z0-9_.]*$/.test(label)

export interface HandOver {
  questions: { text: string; answered: string }[]
  slots: { label: string; value: string }[]
  likely: Candidate[]
  /** The word for which it was handed over. */
  because: string
}

/** What the bot could tell those who take over, or null. */
export function handOverOf(payload: Payload): HandOver | null {
  if (payload.event !== 'handed_over') return null
  const questions = list(payload.questions)
    .map((each) => ({ text: word(each.text), answered: word(each.answered) }))
    .filter(({ text }) => text)
  const slots = Object.entries(isObject(payload.slots) ? payload.slots : {})
    .map(([label, value]) => ({ label, value: word(value) }))
    .filter(({ value }) => value)
    .sort((a, b) => Number(isTechnical(a.label)) - Number(isTechnical(b.label)))
  const found = candidatesIn(payload.likely)
  const likely = found.filter((each) => !isEvidence(each))
  const because = found.find(isEvidence)?.question ?? ''
  return questions.length || slots.length || likely.length || because ? { questions, slots, likely, because } : null
}

export const percent = (score: number, locale: string): string =>
  new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(score)

const WORTH_SHOWING = 0.01

/** Engines name all they weighed; the best is told in any case, of the others what may have been meant. */
export const likelyOf = (candidates: readonly Candidate[], most = 5): Candidate[] =>
  candidates.filter(({ score }, index) => !index || score >= WORTH_SHOWING).slice(0, most)

/** They are for a question that nobody of us has answered yet; what the bot says as it leaves is no answer. */
export function stillAsked(suggestions: Suggestions | undefined, messages: readonly Message[], sending: boolean): boolean {
  if (!suggestions?.id || !suggestions.message_id || sending) return false
  const asked = suggestions.message_id
  return !messages.some(({ id, direction, author }) => id > asked && direction === 'out' && author.kind === 'agent')
}

/** The piece to put into a draft at the caret: on lines of its own, with all that was written left as it is. */
export function fitted(draft: string, at: number, piece: string): string {
  const before = draft.slice(0, at)
  const after = draft.slice(at)
  return `${before && !/\s$/.test(before) ? '\n' : ''}${piece}${after && !/^\s/.test(after) ? '\n' : ''}`
}

export const recommended = ({ text, url }: { text: string; url: string }): string =>
  !url || text.includes(url) ? text : [text, url].filter(Boolean).join('\n')

const plain = (text: string): string => text.normalize('NFKC').toLocaleLowerCase()

/** Those in which every word of the search is found, in their order. */
export function matching(known: readonly Known[], search: string): Known[] {
  const wanted = plain(search).split(/\s+/).filter(Boolean)
  if (!wanted.length) return [...known]
  return known.filter(({ id, question, answer, tags }) => {
    const all = plain([id, question, answer, ...tags].join('\n'))
    return wanted.every((each) => all.includes(each))
  })
}

export const MOST_TAGS = 20
export const LONGEST_TAG = 40

/** Tags are typed, or pasted several at once. */
export const tagsIn = (text: string): string[] =>
  text
    .split(/[,\uff0c\u3001;\uff1b\n]/)
    .map((tag) => tag.trim())
    .filter(Boolean)

/** Why these may not be added, or null. */
export function tagProblem(tags: readonly string[], added: readonly string[]): 'long' | 'many' | 'letters' | null {
  // eslint-disable-next-line no-control-regex
  if (added.some((tag) => /[\u0000-\u001f\u007f]/.test(tag))) return 'letters'
  if (added.some((tag) => tag.length > LONGEST_TAG)) return 'long'
  return new Set([...tags, ...added]).size > MOST_TAGS ? 'many' : null
}

export interface DiffLine {
  kind: 'file' | 'place' | 'added' | 'removed' | 'same'
  text: string
}

export function diffLines(diff: string): DiffLine[] {
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .map((text) => ({ kind: kindOf(text), text }))
}

function kindOf(line: string): DiffLine['kind'] {
  if (line.startsWith('+++') || line.startsWith('---') || line.startsWith('diff ')) return 'file'
  if (line.startsWith('@@')) return 'place'
  if (line.startsWith('+')) return 'added'
  return line.startsWith('-') ? 'removed' : 'same'
}

export interface SuiteFigures {
  suite: string
  bot: string
  passed: boolean
  cases: number
  shares: { name: string; value: number }[]
  failures: string[]
}

export const FIGURES = ['accuracy', 'precision', 'answered_share', 'asked_share', 'handed_over_share', 'missed_share', 'refused_share']

/** Of the version in use: how its suites went. */
export function suitesOf(report: Payload): SuiteFigures[] {
  return list(report.suites).map((suite) => {
    const all = isObject(suite.figures) && isObject(suite.figures.all) ? suite.figures.all : {}
    return {
      suite: word(suite.suite),
      bot: word(suite.bot),
      passed: suite.passed === true,
      cases: typeof all.cases === 'number' ? all.cases : 0,
      shares: FIGURES.flatMap((name) => (typeof all[name] === 'number' ? [{ name, value: share(all[name]) }] : [])),
      failures: words(suite.failures),
    }
  })
}
