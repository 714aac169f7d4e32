/** What stands before the caret and asks for a list: / for ready-made texts, @ for colleagues, : for emoji. */

export type Mark = 'canned' | 'people' | 'emoji'

export interface Trigger {
  mark: Mark
  /** Where the sign stands; what is chosen replaces all from here to the caret. */
  from: number
  query: string
}

const LONGEST = 24
const MARKS: { mark: Mark; sign: RegExp; query: RegExp }[] = [
  { mark: 'canned', sign: /[/／]/, query: /^[^\s/／]*$/ },
  { mark: 'people', sign: /[@＠]/, query: /^[^\s@＠]*$/ },
  // A colon ends many a line: only what is spelled after it asks for a picture.
  { mark: 'emoji', sign: /:/, query: /^[a-z]{2,}$/i },
]
/** After these a sign begins something: not in 24/7, https://, a.b@c or 10:30. */
const APART = /^$|[\s\p{Ps}\p{Pe}\p{Pf}\p{Pi}，。！？、；：,;!?~]/u
const JOINED = /[\w/:.@-]/
const SPELLED = /^[\x21-\x7e]*$/

export function triggerAt(text: string, caret: number, marks: readonly Mark[]): Trigger | null {
  for (let from = caret - 1; from >= Math.max(0, caret - LONGEST); from -= 1) {
    const kind = MARKS.find(({ sign }) => sign.test(text[from]!))
    if (!kind) {
      if (/\s/.test(text[from]!)) return null
      continue
    }
    const query = text.slice(from + 1, caret)
    const before = text[from - 1] ?? ''
    if (!marks.includes(kind.mark) || !kind.query.test(query)) return null
    // In the middle of Chinese text, as in his/hers, only letters that somebody spells are meant for us.
    const meant = APART.test(before) || (!JOINED.test(before) && SPELLED.test(query))
    return meant ? { mark: kind.mark, from, query } : null
  }
  return null
}

/** Into a box, by the browser's own hand, so that Ctrl + Z takes it out again. */
export function replace(box: HTMLTextAreaElement, from: number, to: number, piece: string): void {
  box.focus()
  box.setSelectionRange(from, to)
  if (document.execCommand?.('insertText', false, piece)) return
  box.setRangeText(piece, from, to, 'end')
  box.dispatchEvent(new Event('input', { bubbles: true }))
}
