/** The colleagues and the channels: small lists that change seldom. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { api } from '@/api/client'
import type { Agent, Channel } from '@/api/types'

export const useDirectory = defineStore('directory', () => {
  const agents = shallowRef<Agent[]>([])
  const channels = shallowRef<Channel[]>([])
  const paused = computed(() => channels.value.filter((channel) => channel.state === 'paused'))

  async function load(): Promise<void> {
    const [people, accounts] = await Promise.all([api.agents(), api.channels()])
    agents.value = people.items
    channels.value = accounts.items
  }

  function upsertChannel(channel: Channel): void {
    const known = channels.value.some(({ name }) => name === channel.name)
    channels.value = known
      ? channels.value.map((other) => (other.name === channel.name ? channel : other))
      : [...channels.value, channel]
  }

  const labelOf = (name: string | null | undefined): string =>
    channels.value.find((channel) => channel.name === name)?.label ?? name ?? ''

  return { agents, channels, paused, load, upsertChannel, labelOf }
})
