/** What the bot would answer where a person does: beside the thread, and never sent by itself. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { api } from '@/api/client'
import type { Suggestions, SuggestionUse } from '@/api/types'

export const useSuggestions = defineStore('suggestions', () => {
  const byConversation = shallowReactive(new Map<number, Suggestions>())
  const dismissed = shallowReactive(new Set<number>())
  /** What the draft of a reply began from, by its conversation. */
  const begun = new Map<number, SuggestionUse>()
  const asked = new Map<number, number>()

  async function load(conversation: number): Promise<void> {
    const turn = (asked.get(conversation) ?? 0) + 1
    asked.set(conversation, turn)
    try {
      const found = await api.suggestions(conversation)
      if (asked.get(conversation) === turn) byConversation.set(conversation, found)
    } catch {
      // A help that does not come is not missed; the next event asks again.
    }
  }

  /** What a draft began from is told once, and only as long as some of it is left. */
  const begin = (conversation: number, use: SuggestionUse): void => {
    if (!begun.has(conversation)) begun.set(conversation, use)
  }
  const forget = (conversation: number): void => void begun.delete(conversation)
  const dismiss = (id: number): void => void dismissed.add(id)

  return { byConversation, dismissed, begun, load, begin, forget, dismiss }
})
