/** Which key sends, and the other keys of the composer. */
import { isComposing } from '@/composables/shortcuts'
import type { SendKey } from '@/preferences'

/** Enter during pinyin belongs to the input method, and Shift + Enter is always a new line. */
export function sends(event: KeyboardEvent, key: SendKey): boolean {
  if (event.key !== 'Enter' || event.shiftKey || event.altKey || isComposing(event)) return false
  return key === 'enter' || event.ctrlKey || event.metaKey
}

/** Ctrl on most keyboards, ⌘ on a Mac. */
export const isCommand = (event: KeyboardEvent, code: string, shift = false): boolean =>
  (event.ctrlKey || event.metaKey) && !event.altKey && event.shiftKey === shift && event.code === code

/** As it stands on the keys. */
export const keyLabel = (keys: string): string => keys.split('+').map((key) => key.toUpperCase()).join(' + ')
