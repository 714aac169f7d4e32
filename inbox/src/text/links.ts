/** Finds web addresses in plain text, so that they can be links without ever becoming HTML. */

export interface Piece {
  text: string
  href?: string
}

// Han punctuation and quotes end an address; so does a full stop or comma that ends the sentence.
const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef\u4e00-\u9fff]+/g
const SENTENCE_END = /[.,;:!?)\]]+$/

export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  let from = 0
  for (const match of text.matchAll(ADDRESS)) {
    const href = match[0].replace(SENTENCE_END, '')
    if (match.index > from) found.push({ text: text.slice(from, match.index) })
    found.push({ text: href, href })
    from = match.index + href.length
  }
  if (from < text.length) found.push({ text: text.slice(from) })
  return found
}

/** Payloads are written by strangers: only web addresses become links. */
export const webAddress = (value: unknown): string | null =>
  typeof value === 'string' && /^https?:\/\//i.test(value) ? value : null
