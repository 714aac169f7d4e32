/** Cuts plain text into what is shown of it: web addresses as links that never become HTML, and WeChat's codes as the faces they mean. */
import EMOTICONS from './emoticons.json'

export interface Piece {
  text: string
  href?: string
  /** The code that the customer's phone wrote for this face. */
  code?: string
}

// Han punctuation, quotes and what turns letters around end an address; so does a full stop or comma that ends the sentence.
const ADDRESS = /https?:\/\/[^\s<>"'`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u3000-\u303f\uff00-\uffef\u4e00-\u9fff]+/g
const SENTENCE_END = /[.,;:!?)\]]+$/
const FACES: Readonly<Record<string, string>> = EMOTICONS
// The longest first: some codes begin like others.
const FACE = new RegExp(
  Object.keys(FACES)
    .sort((a, b) => b.length - a.length)
    .map((code) => code.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
    .join('|'),
  'g',
)

/** `faces`: it comes from a chat that writes such codes. */
export function pieces(text: string, faces = false): Piece[] {
  const found: Piece[] = []
  const plain = (words: string): void => void (words && found.push(...(faces ? withFaces(words) : [{ text: words }])))
  let from = 0
  for (const match of text.matchAll(ADDRESS)) {
    const href = match[0].replace(SENTENCE_END, '')
    plain(text.slice(from, match.index))
    found.push({ text: href, href })
    from = match.index + href.length
  }
  plain(text.slice(from))
  return found
}

function withFaces(words: string): Piece[] {
  const found: Piece[] = []
  let from = 0
  for (const { 0: code, index } of words.matchAll(FACE)) {
    if (index > from) found.push({ text: words.slice(from, index) })
    found.push({ text: FACES[code]!, code })
    from = index + code.length
  }
  if (from < words.length) found.push({ text: words.slice(from) })
  return found
}

/** Payloads are written by strangers: only web addresses become links. */
export const webAddress = (value: unknown): string | null =>
  typeof value === 'string' && /^https?:\/\//i.test(value) ? value : null
