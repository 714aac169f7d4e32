/** Searches while somebody types: only the last question counts, and older ones are called off. */
import { onScopeDispose, ref, shallowRef } from 'vue'
import { search, type Hit } from '@/api/search'
import type { Failure } from '@/api/http'
import { toHub, type Asked } from '@/text/search'

const PAUSE = 250

export function useSearching() {
  const hits = shallowRef<Hit[]>([])
  const next = ref<string | null>(null)
  const loading = ref(false)
  const error = shallowRef<Failure | null>(null)
  /** What `hits` answer; null before the first answer. */
  const answered = shallowRef<Asked | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: AbortController | null = null

  function stop(): void {
    clearTimeout(timer)
    running?.abort()
    running = null
  }

  function ask(asked: Asked, pause = PAUSE): void {
    stop()
    error.value = null
    loading.value = !!asked.q.trim()
    if (loading.value) {
      timer = setTimeout(() => void load(asked, null), pause)
      return
    }
    hits.value = []
    next.value = null
    answered.value = null
  }

  async function load(asked: Asked, cursor: string | null): Promise<void> {
    const mine = (running = new AbortController())
    loading.value = true
    error.value = null
    try {
      const page = await search(toHub(asked), cursor, mine.signal)
      if (running !== mine) return
      hits.value = cursor === null ? page.items : [...hits.value, ...page.items]
      next.value = page.next
      answered.value = asked
    } catch (failure) {
      if (running !== mine) return
      if (cursor === null) hits.value = []
      error.value = failure as Failure
      answered.value = asked
    }
    running = null
    loading.value = false
  }

  function more(): void {
    if (!loading.value && !error.value && next.value !== null && answered.value) void load(answered.value, next.value)
  }

  /** After an error: where it came. */
  function retry(): void {
    if (answered.value) void load(answered.value, hits.value.length ? next.value : null)
  }

  onScopeDispose(stop)

  return { hits, next, loading, error, answered, ask, more, retry }
}
