/** The language a text is written in, as far as its letters tell. */

const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u
const SCRIPTS: readonly [RegExp, string][] = [
  [KANA, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Han}/u, 'zh'],
  [/\p{Script=Cyrillic}/u, 'ru'],
  [/\p{Script=Arabic}/u, 'ar'],
  [/\p{Script=Thai}/u, 'th'],
]
/** Two words of plain letters, for an order number says nothing. */
const WORDS = /[a-z]{2,}[^a-z]+[a-z]{2,}/i

export function languageOf(text: string): string {
  const written = SCRIPTS.find(([script]) => script.test(text))
  return written ? written[1] : WORDS.test(text) ? 'en' : ''
}
