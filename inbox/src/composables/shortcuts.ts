/** Single-letter shortcuts and sequences such as "g i", never while somebody is typing. */
import { onScopeDispose, toValue, type MaybeRefOrGetter } from 'vue'
import { shortcutsOn } from '@/preferences'

const SEQUENCE_WITHIN = 1_200

export type Shortcuts = Record<string, (event: KeyboardEvent) => void>

/** An input method is composing: this key belongs to it, Enter included. */
export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229

/** Nobody has the focus: what had it is gone. */
export const isNowhere = (): boolean => document.activeElement === document.body

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"]') !== null
}

export const isOverlaid = (): boolean => document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null

function keyOf(event: KeyboardEvent): string {
  // Some input methods swallow the letter even outside of text fields; the physical key remains.
  if (event.key === 'Process' && event.code.startsWith('Key')) return event.code.slice(3).toLowerCase()
  if (event.key.length > 1) return event.key
  const key = event.key.toLowerCase()
  return event.shiftKey && /[a-z]/.test(key) ? `Shift+${key}` : key
}

/** What can be done at this moment by a key, or by a name where there is no key: what the palette offers. */
const offers = new Set<() => Shortcuts>()

export const isOffered = (name: string): boolean => [...offers].some((offer) => offer()[name])

export function perform(name: string): void {
  for (const offer of offers) offer()[name]?.(new KeyboardEvent('keydown', { cancelable: true }))
}

/** Also for actions without a key. */
export function useCommands(offer: () => Shortcuts): void {
  offers.add(offer)
  onScopeDispose(() => offers.delete(offer))
}

export function useShortcuts(offered: MaybeRefOrGetter<Shortcuts>): void {
  useCommands(() => toValue(offered))
  let first = ''
  let firstAt = 0

  const pressed = (event: KeyboardEvent): void => {
    if (!shortcutsOn.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key !== 'Process' && isComposing(event)) return
    if (isTyping(event.target) || isOverlaid()) return
    const shortcuts = toValue(offered)
    const key = keyOf(event)
    const sequence = first && Date.now() - firstAt < SEQUENCE_WITHIN ? `${first} ${key}` : ''
    first = ''
    if (shortcuts[sequence]) {
      // The second letter may be somebody else's shortcut.
      event.stopImmediatePropagation()
      return shortcuts[sequence](event)
    }
    if (shortcuts[key]) return shortcuts[key](event)
    if (Object.keys(shortcuts).some((name) => name.startsWith(`${key} `))) {
      first = key
      firstAt = Date.now()
    }
  }

  window.addEventListener('keydown', pressed)
  onScopeDispose(() => window.removeEventListener('keydown', pressed))
}
