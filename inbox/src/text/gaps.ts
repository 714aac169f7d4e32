/** The gaps of ready-made texts that nobody has filled yet, as hub/desk/gaps.py writes them. */

export interface Gap {
  name: string
  from: number
  to: number
}

const GAP = /\{(date|time|(?:customer|agent|conversation|context)\.[A-Za-z0-9_.-]+)\}/g

export const gapsIn = (text: string): Gap[] =>
  [...text.matchAll(GAP)].map((found) => ({ name: found[1]!, from: found.index, to: found.index + found[0].length }))

/** The text in pieces, every second of which is a gap. */
export function pieces(text: string): string[] {
  const cut: string[] = []
  let end = 0
  for (const { from, to } of gapsIn(text)) {
    cut.push(text.slice(end, from), text.slice(from, to))
    end = to
  }
  return [...cut, text.slice(end)]
}
