/** A short list that the hub gives whole. */
import { ref, shallowRef } from 'vue'
import type { Failure } from '@/api/http'

export function useLoading<T>(ask: () => Promise<{ items: T[] }>) {
  const items = shallowRef<T[]>([])
  const loaded = ref(false)
  const error = shallowRef<Failure | null>(null)

  let turn = 0

  /** What was asked for last counts, whichever answer comes last. */
  async function load(): Promise<void> {
    const mine = (turn += 1)
    error.value = null
    try {
      const found = (await ask()).items
      if (mine === turn) [items.value, loaded.value] = [found, true]
    } catch (failure) {
      if (mine === turn) error.value = failure as Failure
    }
  }

  return { items, loaded, error, load }
}
