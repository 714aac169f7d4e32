/** Which version of the bots' files is in use, and whether a newer one was refused. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { api } from '@/api/client'
import type { Failure } from '@/api/http'
import type { Bots } from '@/api/types'

export const useBots = defineStore('bots', () => {
  const bots = shallowRef<Bots | null>(null)
  const error = shallowRef<Failure | null>(null)
  const refused = computed(() => bots.value?.refused ?? null)

  async function load(): Promise<void> {
    error.value = null
    try {
      bots.value = await api.bots()
    } catch (failure) {
      error.value = failure as Failure
    }
  }

  return { bots, error, refused, load }
})
