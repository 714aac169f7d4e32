/** Emoji by their Chinese and English names, and by the pinyin of the Chinese ones. */
import rows from './emoji.json'

export interface Emoji {
  sign: string
  name: string
}

const SHOWN = 40

/** The nearest name first: what is called exactly so, then what begins so, then what has it somewhere. */
export function find(query: string, locale: string): Emoji[] {
  const wanted = query.toLowerCase()
  const nearness = (names: string[]): number =>
    names.includes(wanted) ? 3 : names.some((name) => name.startsWith(wanted)) ? 2 : names.some((name) => name.includes(wanted)) ? 1 : 0
  return rows
    .map(([sign, chinese, pinyin, initials, english]) => ({
      sign: sign!,
      name: locale === 'en' ? english! : chinese!,
      nearness: nearness([chinese!, pinyin!, initials!, english!, ...english!.split(' ')]),
    }))
    .filter((one) => one.nearness > 0)
    .sort((a, b) => b.nearness - a.nearness)
    .slice(0, SHOWN)
}
