/** Names are chosen by strangers: they must neither turn the words around them nor show nothing at all. */

const TURNS = /\p{Bidi_Control}/gu
const SEEN = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Control}\p{Mark}]/u
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u
const ISOLATE = '\u2068'
const END = '\u2069'

/** As it may stand within a sentence; empty where nobody would see it. */
export function plainName(name: string): string {
  const plain = name.replace(TURNS, '').trim()
  if (!SEEN.test(plain)) return ''
  return RIGHT_TO_LEFT.test(plain) ? `${ISOLATE}${plain}${END}` : plain
}

const UNSEEN = /[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Control}\p{Mark}]/gu

/** Han names and numbers by their last two characters, others by initials: whole characters, without what is piled on them. */
export function initials(name: string): string {
  const plain = name.replace(UNSEEN, '').trim()
  if (/^(\p{Script=Han}+|\+\d+)$/u.test(plain)) return [...plain].slice(-2).join('')
  const words = plain.split(/\s+/).filter(Boolean)
  if (words.length < 2) return [...plain].slice(0, 2).join('')
  return [words[0]!, words.at(-1)!].map((word) => [...word][0]!.toUpperCase()).join('')
}
