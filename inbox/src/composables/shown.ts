/** What the reader unfolded stays so while rows leave the screen and come back. */
import { computed, reactive, type WritableComputedRef } from 'vue'

const shown = reactive(new Set<string>())

export function useShown(name: string): WritableComputedRef<boolean> {
  return computed({
    get: () => shown.has(name),
    set: (on) => void (on ? shown.add(name) : shown.delete(name)),
  })
}
