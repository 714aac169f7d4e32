/** F6 goes from part to part of the page, and back with Shift: also out of a text. */
import { onScopeDispose } from 'vue'
import { isOverlaid } from './shortcuts'

/** Where each part takes the focus, in the order of the page. */
const STOPS = ['.rail__item[aria-current]', 'main:not(.inbox__main)', '[data-row][tabindex="0"]', '#thread', '.composer__text', '.aside', '.toast__button']

const stops = (): HTMLElement[] =>
  STOPS.flatMap((each) => document.querySelector<HTMLElement>(each) ?? []).filter((stop) => stop.checkVisibility({ visibilityProperty: true }))

function pressed(event: KeyboardEvent): void {
  if (event.key !== 'F6' || event.ctrlKey || event.metaKey || event.altKey || isOverlaid()) return
  event.preventDefault()
  const at = document.activeElement ?? document.body
  const all = stops()
  const isAfter = (stop: Element): boolean => (at.compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0
  const isBefore = (stop: Element): boolean => (at.compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_PRECEDING) !== 0 && !stop.contains(at)
  const next = event.shiftKey ? (all.filter(isBefore).at(-1) ?? all.at(-1)) : (all.find(isAfter) ?? all[0])
  next?.focus()
}

export function usePanes(): void {
  window.addEventListener('keydown', pressed)
  onScopeDispose(() => window.removeEventListener('keydown', pressed))
}
