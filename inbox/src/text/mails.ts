/** Mails: what of their payload can be relied on, which stay folded, when a subject is news, whom one is written to. */
import type { Heading, Message } from '@/api/types'
import { isObject, word } from './payloads'

type Payload = Record<string, unknown>

export const FOLDS = ['bounce', 'own', 'loop', 'auto_reply', 'spam', 'list'] as const
export type Fold = (typeof FOLDS)[number]
export const CUTS = ['too_large', 'unfetchable'] as const
export type Cut = (typeof CUTS)[number]

export interface Mail {
  subject: string
  from: string
  name: string
  to: string[]
  cc: string[]
  bcc: string[]
  /** Only where it is not where the mail came from. */
  replyTo: string[]
  /** All of the text, where the message has only what is new. */
  whole: string
  html: boolean
  forged: boolean
  encrypted: boolean
  cut: { why: Cut; size: number } | null
  returned: { recipients: string[]; status: string } | null
  /** Copies that did not get there, and why. */
  refused: { address: string; reason: string }[]
  /** What it is that nobody needs to read at once. */
  fold: Fold | null
}

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(word).filter(Boolean) : [])

const isMail = ({ direction, payload }: Message): boolean => direction !== 'note' && typeof payload.subject === 'string'

export function mailOf(message: Message): Mail | null {
  if (!isMail(message)) return null
  const { direction, payload } = message
  const from = word(payload.from)
  const refused = isObject(payload.refused) ? Object.entries(payload.refused) : []
  return {
    subject: word(payload.subject),
    from,
    name: word(payload.name),
    to: list(payload.to),
    cc: list(payload.cc),
    bcc: list(payload.bcc),
    replyTo: list(payload.reply_to).filter((address) => address.toLowerCase() !== from.toLowerCase()),
    whole: word(payload.whole),
    html: payload.html === true,
    forged: payload.forged === true,
    encrypted: payload.encrypted === true,
    cut: cutOf(payload),
    returned: isObject(payload.bounce)
      ? { recipients: list(payload.bounce.recipients), status: word(payload.bounce.status) }
      : null,
    refused: refused.map(([address, reason]) => ({ address, reason: word(reason) })),
    fold: direction === 'in' ? foldOf(payload) : null,
  }
}

function cutOf({ cut, size }: Payload): Mail['cut'] {
  const why = CUTS.find((name) => name === cut)
  return why ? { why, size: Number(size) || 0 } : null
}

/** The first that holds: a bounce is an automatic reply as well. */
const FOLDED: Record<Fold, (payload: Payload) => boolean> = {
  bounce: ({ bounce }) => isObject(bounce),
  own: ({ own, no_answer }) => own === true || no_answer === 'own',
  loop: ({ no_answer }) => no_answer === 'loop',
  auto_reply: ({ auto_reply }) => auto_reply === true,
  spam: ({ spam }) => spam === true,
  list: (payload) => payload.list === true || payload.bulk === true,
}

export const foldOf = (payload: Payload): Fold | null => FOLDS.find((fold) => FOLDED[fold](payload)) ?? null

// subjects

// "Re: AW[2]: ..." and the same in Chinese, whose words are written by their code points: no Han text is in the code.
const ANSWERS = 're|aw|sv|antw|\\u56de\\u590d|\\u7b54\\u590d|\\u56de\\u8986'
const FORWARDS = 'fwd?|wg|\\u8f6c\\u53d1|\\u8f49\\u767c|\\u8f49\\u5bc4'
const MACHINES = 'automatic reply|auto-?reply|\\u81ea\\u52a8\\u56de\\u590d|\\u81ea\\u52d5\\u56de\\u8986'
const PREFIX = new RegExp(`^\\s*(?:${ANSWERS}|${FORWARDS}|${MACHINES})\\s*(?:\\[\\d+\\]|\\(\\d+\\))?\\s*[:\\uff1a]`, 'i')
const TAG = /\[(?:\u5de5\u5355)?#\d+\]/g

/** What a subject is about, for comparing: answers, forwards and our own numbers are about the same. */
export function plainSubject(subject: string): string {
  let rest = subject.replace(TAG, ' ')
  while (PREFIX.test(rest)) rest = rest.replace(PREFIX, '')
  return rest.replace(/\s+/g, ' ').trim().toLowerCase()
}

/** By message, the subjects to show: the first, and where the talk turns to something else. What is folded does not turn it. */
export function newSubjects(messages: readonly Message[]): Map<number, string> {
  const found = new Map<number, string>()
  let last: string | null = null
  for (const message of messages.filter(isMail)) {
    const subject = word(message.payload.subject)
    const plain = plainSubject(subject)
    if (plain !== last) found.set(message.id, subject)
    if (message.direction === 'out' || !foldOf(message.payload)) last = plain
  }
  return found
}

// addresses

const ADDRESS = /^[^\s@<>"(),:;\\]{1,64}@[^\s@<>"(),:;\\[\]]{1,253}$/
/** Commas and semicolons, also the Chinese ones, but not those within a quoted name. */
const PIECE = /(?:"[^"]*"|[^,;\uff0c\uff1b\u3001\r\n])+/g

export interface Recipients {
  addresses: string[]
  /** What is no address, as it was written. */
  wrong: string[]
}

/** As people type and paste them: bare, with names, separated by almost anything. */
export function recipientsIn(written: string): Recipients {
  const named = (written.match(PIECE) ?? []).flatMap((piece) => {
    const bracketed = /<([^<>]*)>\s*$/.exec(piece)
    const name = bracketed ? piece.slice(0, bracketed.index).replace(/"[^"]*"/g, '') : ''
    // Two addresses without a comma between them are not a name.
    return bracketed && !name.includes('@') ? [bracketed[1]!.trim()] : piece.split(/\s+/).map((one) => one.replace(/^<(.*)>$/, '$1'))
  })
  const each = new Map(named.filter(Boolean).map((address) => [address.toLowerCase(), address]))
  const all = [...each.values()]
  return { addresses: all.filter((one) => ADDRESS.test(one)), wrong: all.filter((one) => !ADDRESS.test(one)) }
}

/** The lines above an answer, as an agent may have typed them. */
export const LINES = ['cc', 'bcc', 'subject'] as const
export type Line = (typeof LINES)[number]
type Lines = Partial<Record<Line, string>>

/** Only what was typed; an empty subject is none, so it stays what it was. */
export function headingOf({ cc, bcc, subject }: Lines): Heading {
  return {
    ...(cc === undefined ? {} : { cc: recipientsIn(cc).addresses }),
    ...(bcc?.trim() ? { bcc: recipientsIn(bcc).addresses } : {}),
    ...(subject?.trim() ? { subject: subject.trim() } : {}),
  }
}

/** Back into words, for a mail that never left. */
export function linesOf({ cc, bcc, subject }: Heading): Record<string, string> {
  const lines = { cc: cc?.join(', '), bcc: bcc?.join(', '), subject }
  return Object.fromEntries(Object.entries(lines).filter((line): line is [string, string] => line[1] !== undefined))
}

export const wrongIn = (...written: (string | undefined)[]): string[] => written.flatMap((line) => recipientsIn(line ?? '').wrong)
