/** What is written and not yet sent: one draft for each agent, conversation and mode, kept in this browser. */
import { defineStore } from 'pinia'
import { reactive } from 'vue'
import { useSession } from './session'

export type Mode = 'reply' | 'note'

const PREFIX = 'yizhan.draft.'

export const useDrafts = defineStore('drafts', () => {
  const session = useSession()
  const texts = reactive(new Map<string, string>())

  const nameOf = (conversation: number, mode: Mode): string => `${PREFIX}${session.me?.id ?? 0}.${conversation}.${mode}`

  for (let index = 0; index < localStorage.length; index += 1) {
    const name = localStorage.key(index)
    if (name?.startsWith(PREFIX)) texts.set(name, localStorage.getItem(name) ?? '')
  }

  const read = (conversation: number, mode: Mode): string => texts.get(nameOf(conversation, mode)) ?? ''

  function write(conversation: number, mode: Mode, text: string): void {
    const name = nameOf(conversation, mode)
    if (text) {
      texts.set(name, text)
      localStorage.setItem(name, text)
    } else {
      texts.delete(name)
      localStorage.removeItem(name)
    }
  }

  return { read, write }
})
