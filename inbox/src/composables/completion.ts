/** The list that opens at the caret of a text box: which one, and what becomes of the keys meanwhile. */
import { computed, onScopeDispose, ref, shallowRef, type Ref } from 'vue'
import { triggerAt, type Mark, type Trigger } from '@/text/caret'
import { isComposing } from './shortcuts'

/** What the list itself does with a key; until it is there, Enter waits for it. */
export interface ListKeys {
  pressed: (event: KeyboardEvent) => boolean
}

const WAITS = ['Enter', 'Tab']

export function useCompletion(box: Readonly<Ref<HTMLTextAreaElement | null>>, list: Readonly<Ref<ListKeys | null>>, marks: () => readonly Mark[]) {
  const trigger = shallowRef<Trigger | null>(null)
  const active = ref('')
  const isOpen = computed(() => trigger.value !== null)
  /** Opened by a button: there is no sign in the text. */
  let forced: { mark: Mark; from: number } | null = null
  let dismissed = -1

  function look(): void {
    const found = box.value && document.activeElement === box.value ? at(box.value) : null
    if (!found || found.from !== dismissed) dismissed = -1
    trigger.value = found && found.from !== dismissed ? found : null
    if (!trigger.value) active.value = ''
  }

  function at({ value, selectionStart, selectionEnd }: HTMLTextAreaElement): Trigger | null {
    if (selectionStart !== selectionEnd) return null
    if (forced) {
      const query = value.slice(forced.from, selectionStart)
      if (selectionStart >= forced.from && !/\s/.test(query)) return { ...forced, query }
      forced = null
    }
    return triggerAt(value, selectionStart, marks())
  }

  function open(mark: Mark): void {
    if (!box.value) return
    box.value.focus()
    forced = { mark, from: box.value.selectionEnd }
    box.value.setSelectionRange(forced.from, forced.from)
    look()
  }

  /** Stays closed until another sign is written. */
  function close(): void {
    dismissed = trigger.value?.from ?? -1
    forced = null
    trigger.value = null
    active.value = ''
  }

  /** Whether the key was the list's. */
  function pressed(event: KeyboardEvent): boolean {
    if (!isOpen.value || isComposing(event) || event.ctrlKey || event.metaKey || event.altKey) return false
    if (event.key === 'Escape') close()
    else if (!(list.value ? list.value.pressed(event) : WAITS.includes(event.key))) return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  document.addEventListener('selectionchange', look)
  onScopeDispose(() => document.removeEventListener('selectionchange', look))

  return { trigger, active, isOpen, look, open, close, pressed }
}
