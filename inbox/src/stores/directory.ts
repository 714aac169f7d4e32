/** The colleagues and the channels: small lists that change seldom. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { api } from '@/api/client'
import type { Agent, Channel, ChannelState } from '@/api/types'

export const useDirectory = defineStore('directory', () => {
  const agents = shallowRef<Agent[]>([])
  const channels = shallowRef<Channel[]>([])
  const troubled = computed(() => channels.value.filter((channel) => channel.state !== 'ok'))
  /** Where we may write a mail to somebody first. */
  const beginning = computed(() => channels.value.filter((channel) => channel.begins && channel.threaded))
  const hasLine = computed(() => channels.value.some((channel) => channel.calls))

  async function load(): Promise<void> {
    const [people, accounts] = await Promise.all([api.agents(), api.channels()])
    agents.value = people.items
    channels.value = accounts.items
  }

  /** The stream tells how a channel is, not what it is. */
  function hearChannel(state: ChannelState): void {
    channels.value = channels.value.map((channel) => (channel.name === state.name ? { ...channel, ...state } : channel))
  }

  const labelOf = (name: string | null | undefined): string =>
    find(name)?.label ?? name ?? ''

  const find = (name: string | null | undefined): Channel | undefined =>
    channels.value.find((channel) => channel.name === name)

  return { agents, channels, troubled, beginning, hasLine, load, hearChannel, labelOf, find }
})
