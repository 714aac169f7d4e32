/** What is written and not yet sent: one draft for each agent, conversation and mode, kept in this browser. */
import { defineStore } from 'pinia'
import { reactive } from 'vue'
import { useSession } from './session'

export type Mode = 'reply' | 'note'
/** Lines above a mail as the agent typed them; those left alone are not there. */
export type Fields = Readonly<Record<string, string>>
/** A conversation, the one that a new mail will begin, or the approved text chosen in one. */
type Place = number | 'new' | `template.${number}`

const PREFIX = 'yizhan.draft.'

export const useDrafts = defineStore('drafts', () => {
  const session = useSession()
  const texts = reactive(new Map<string, string>())

  const nameOf = (place: Place, part: Mode | 'fields'): string => `${PREFIX}${session.me?.id ?? 0}.${place}.${part}`

  for (let index = 0; index < localStorage.length; index += 1) {
    const name = localStorage.key(index)
    if (name?.startsWith(PREFIX)) texts.set(name, localStorage.getItem(name) ?? '')
  }

  const read = (place: Place, mode: Mode): string => texts.get(nameOf(place, mode)) ?? ''
  const write = (place: Place, mode: Mode, text: string): void => keep(nameOf(place, mode), text)

  const readFields = (place: Place): Fields => JSON.parse(texts.get(nameOf(place, 'fields')) || '{}') as Fields
  const writeFields = (place: Place, fields: Fields): void =>
    keep(nameOf(place, 'fields'), Object.keys(fields).length ? JSON.stringify(fields) : '')

  function keep(name: string, text: string): void {
    if (text) {
      texts.set(name, text)
      localStorage.setItem(name, text)
    } else {
      texts.delete(name)
      localStorage.removeItem(name)
    }
  }

  return { read, write, readFields, writeFields }
})
