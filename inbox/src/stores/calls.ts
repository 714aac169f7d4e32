/** The calls that go on: those that wait for my teams, and the one I am on. */
import { defineStore } from 'pinia'
import { computed, shallowReactive } from 'vue'
import { api } from '@/api/client'
import type { CallLeg, LiveCall } from '@/api/types'
import { useSession } from './session'

const isOn = (leg: CallLeg): boolean => leg.state !== 'ended'

export const useCalls = defineStore('calls', () => {
  const session = useSession()
  const byId = shallowReactive(new Map<number, LiveCall>())

  /** Both may see the call for a moment: who passed it on, and who takes it over. */
  const mine = computed(
    () =>
      [...byId.values()].find(
        (call) =>
          session.isMe(call.agent) && ['calling', 'dialling', 'talking'].includes(call.state) && legOf(call) !== undefined,
      ) ?? null,
  )
  /** My own phone rings for these. */
  const ringing = computed(() => [...byId.values()].filter((call) => call !== mine.value && legOf(call) !== undefined))
  const queued = computed(() =>
    [...byId.values()]
      .filter((call) => call.state === 'queued')
      .sort((one, other) => (one.queued_at ?? '').localeCompare(other.queued_at ?? '')),
  )

  const legOf = (call: LiveCall): CallLeg | undefined =>
    call.legs.find((leg) => leg.party === 'agent' && session.isMe(leg.agent) && isOn(leg))

  async function load(): Promise<void> {
    const { items } = await api.calls()
    byId.clear()
    for (const call of items) byId.set(call.id, call)
  }

  function hear(call: LiveCall): void {
    const theirs = session.me?.teams.includes(call.team) || session.isMe(call.agent) || legOf(call)
    if (call.state === 'ended' || !theirs) byId.delete(call.id)
    else byId.set(call.id, call)
  }

  return { byId, mine, ringing, queued, load, hear, legOf }
})
