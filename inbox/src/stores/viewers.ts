/** Which colleagues look at which conversation. Nobody says goodbye for certain, so what was heard long ago is over. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { together } from '@/api/together'
import type { Page, Viewer } from '@/api/types'
import { now } from '@/composables/clock'
import { useSession } from './session'

interface Seen {
  viewers: Viewer[]
  at: number
}

/** The hub repeats itself every 30 seconds while somebody looks. */
const GONE_AFTER = 75_000

export const useViewers = defineStore('viewers', () => {
  const session = useSession()
  const seen = shallowReactive(new Map<number, Seen>())

  /** How often something was heard of each. */
  const heard = new Map<number, number>()

  function hear(conversation: number, viewers: readonly Viewer[]): void {
    heard.set(conversation, (heard.get(conversation) ?? 0) + 1)
    const others = viewers.filter((one) => !session.isMe(one))
    if (others.length) seen.set(conversation, { viewers: others, at: Date.now() })
    else seen.delete(conversation)
  }

  /** Asks, and takes the answer unless something newer was heard while it was on its way. */
  async function ask(conversation: number, asked: Promise<Page<Viewer>>): Promise<void> {
    const before = heard.get(conversation)
    const { items } = await asked
    if (heard.get(conversation) === before) hear(conversation, items)
  }

  function of(conversation: number): Viewer[] {
    const found = seen.get(conversation)
    return found && now.value - found.at < GONE_AFTER ? found.viewers : []
  }

  /** Conversations at which we look without being shown. The hub keeps that we did. */
  const quiet = shallowReactive(new Set<number>())

  async function watchQuietly(conversation: number, on: boolean): Promise<void> {
    if (!on) return void quiet.delete(conversation)
    quiet.add(conversation)
    await together.watch(conversation).catch(() => quiet.delete(conversation))
  }

  return { quiet, hear, ask, of, watchQuietly }
})
