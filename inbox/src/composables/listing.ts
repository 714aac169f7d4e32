/** A list of the hub's, page by page. */
import { ref, shallowRef } from 'vue'
import type { Failure } from '@/api/http'
import type { Page } from '@/api/types'

export function useListing<T extends { id: number | string }>(ask: (cursor?: Page<T>['next']) => Promise<Page<T>>) {
  const items = shallowRef<T[]>([])
  const next = shallowRef<Page<T>['next']>(null)
  const loaded = ref(false)
  const loading = ref(false)
  const error = shallowRef<Failure | null>(null)

  async function load(how: 'first' | 'more' = 'first'): Promise<void> {
    if (loading.value) return
    loading.value = true
    error.value = null
    try {
      const page = await ask(how === 'more' ? next.value : null)
      const known = new Set(items.value.map(({ id }) => id))
      items.value = how === 'more' ? [...items.value, ...page.items.filter(({ id }) => !known.has(id))] : page.items
      next.value = page.next
      loaded.value = true
    } catch (failure) {
      error.value = failure as Failure
    } finally {
      loading.value = false
    }
  }

  const drop = (id: T['id']): void => void (items.value = items.value.filter((item) => item.id !== id))

  return { items, next, loaded, loading, error, load, drop }
}
