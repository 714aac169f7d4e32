/** What the bot can say, by its ids: asked for when something on the screen names it. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api } from '@/api/client'
import type { Failure } from '@/api/http'
import type { Known } from '@/api/types'

const FRESH_FOR = 60_000

export const useKnowledge = defineStore('knowledge', () => {
  const items = shallowRef<Known[]>([])
  const loaded = ref(false)
  const error = shallowRef<Failure | null>(null)
  const byId = computed(() => new Map(items.value.map((each) => [each.id, each])))
  let loadedAt = -FRESH_FOR
  let loading: Promise<void> | null = null

  /** Ops change it now and then: what is a minute old is asked for again, and shown meanwhile. */
  function load(): Promise<void> {
    if (Date.now() - loadedAt < FRESH_FOR) return Promise.resolve()
    loading ??= fetchAll().finally(() => (loading = null))
    return loading
  }

  async function fetchAll(): Promise<void> {
    error.value = null
    try {
      items.value = (await api.knowledge()).items
      loaded.value = true
      loadedAt = Date.now()
    } catch (failure) {
      error.value = failure as Failure
    }
  }

  const questionOf = (id: string): string => byId.value.get(id)?.question ?? id

  return { items, loaded, error, byId, load, questionOf }
})
