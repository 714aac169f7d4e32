/** A short list that the hub gives whole. */
import { ref, shallowRef } from 'vue'
import type { Failure } from '@/api/http'

export function useLoading<T>(ask: () => Promise<{ items: T[] }>) {
  const items = shallowRef<T[]>([])
  const loaded = ref(false)
  const error = shallowRef<Failure | null>(null)

  async function load(): Promise<void> {
    error.value = null
    try {
      items.value = (await ask()).items
      loaded.value = true
    } catch (failure) {
      error.value = failure as Failure
    }
  }

  return { items, loaded, error, load }
}
