/**
 * What is written and not yet sent: one draft for each agent, conversation and mode. It is kept in this browser at once
 * and with the hub soon after, for our other devices; what was written last wins.
 */
import { defineStore } from 'pinia'
import { reactive } from 'vue'
import { Unanswered } from '@/api/http'
import { together } from '@/api/together'
import type { Draft } from '@/api/types'
import { useSession } from './session'

export type Mode = 'reply' | 'note'
/** Lines above a mail as the agent typed them; those left alone are not there. */
export type Fields = Readonly<Record<string, string>>
/** A conversation, the one that a new mail will begin, or the approved text chosen in one. */
type Place = number | 'new' | `template.${number}`
/** When it was written, and whether the hub has it. */
interface Mark {
  at: string
  kept: boolean
}

const PREFIX = 'yizhan.draft.'
const MARKS = 'yizhan.drafted.'
const MODES: Mode[] = ['reply', 'note']
const SAVE_AFTER = 800
const TRY_AGAIN = 15_000

export const useDrafts = defineStore('drafts', () => {
  const session = useSession()
  const texts = reactive(new Map<string, string>())
  /** How drafts begin that this browser has not read yet. */
  const previews = reactive(new Map<number, string>())
  const marks = new Map<string, Mark>()
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  /** Counts what the hub was told, so that an answer to an earlier question never undoes it. */
  let tick = 0
  const toldAt = new Map<string, number>()

  const nameOf = (place: Place, part: Mode | 'fields'): string => `${session.me?.id ?? 0}.${place}.${part}`

  for (let index = 0; index < localStorage.length; index += 1) {
    const name = localStorage.key(index) ?? ''
    const value = localStorage.getItem(name) ?? ''
    if (name.startsWith(PREFIX)) texts.set(name.slice(PREFIX.length), value)
    if (name.startsWith(MARKS)) marks.set(name.slice(MARKS.length), JSON.parse(value) as Mark)
  }

  const read = (place: Place, mode: Mode): string => texts.get(nameOf(place, mode)) ?? ''
  const readFields = (place: Place): Fields => JSON.parse(texts.get(nameOf(place, 'fields')) || '{}') as Fields
  const preview = (conversation: number): string => read(conversation, 'reply') || (previews.get(conversation) ?? '')

  function write(place: Place, mode: Mode, text: string): void {
    keep(nameOf(place, mode), text)
    changed(place, mode)
  }

  function writeFields(place: Place, fields: Fields): void {
    keepFields(place, fields)
    changed(place, 'reply')
  }

  function keep(name: string, text: string): void {
    store(PREFIX, name, text)
    if (text) texts.set(name, text)
    else texts.delete(name)
  }

  const keepFields = (place: Place, fields: Fields): void =>
    keep(nameOf(place, 'fields'), Object.keys(fields).length ? JSON.stringify(fields) : '')

  function mark(name: string, standing: Mark | null): void {
    store(MARKS, name, standing ? JSON.stringify(standing) : '')
    if (standing) marks.set(name, standing)
    else marks.delete(name)
  }

  function store(prefix: string, name: string, value: string): void {
    if (value) localStorage.setItem(prefix + name, value)
    else localStorage.removeItem(prefix + name)
  }

  function changed(place: Place, mode: Mode): void {
    if (typeof place !== 'number') return
    const name = nameOf(place, mode)
    const before = Date.parse(marks.get(name)?.at ?? '') || 0
    // A clock that is slow must not lose to what was written before on another device.
    mark(name, { at: new Date(Math.max(Date.now(), before + 1)).toISOString(), kept: false })
    if (mode === 'reply') previews.delete(place)
    later(place, mode, SAVE_AFTER)
  }

  function later(conversation: number, mode: Mode, wait: number): void {
    const name = nameOf(conversation, mode)
    clearTimeout(timers.get(name))
    timers.set(name, setTimeout(() => void save(conversation, mode), wait))
  }

  async function save(conversation: number, mode: Mode): Promise<void> {
    const name = nameOf(conversation, mode)
    const standing = marks.get(name)
    if (!standing || standing.kept) return
    const fields = mode === 'reply' ? readFields(conversation) : {}
    const draft: Draft = { mode, text: read(conversation, mode), fields, updated_at: standing.at }
    try {
      const { items } = await together.keepDraft(conversation, draft)
      toldAt.set(name, (tick += 1))
      if (marks.get(name)?.at !== standing.at) return
      const theirs = items.find((one) => one.mode === mode)
      if (theirs) adopt(conversation, theirs)
      else mark(name, null)
    } catch (error) {
      // It is safe in this browser; what the hub refuses it would refuse again.
      if (error instanceof Unanswered) later(conversation, mode, TRY_AGAIN)
    }
  }

  function adopt(conversation: number, { mode, text, fields, updated_at }: Draft): void {
    keep(nameOf(conversation, mode), text)
    if (mode === 'reply') keepFields(conversation, fields)
    mark(nameOf(conversation, mode), { at: updated_at, kept: true })
  }

  /** To be asked for before the hub is: an answer that is older than what it was told since changes nothing. */
  const asking = (): number => tick

  /** What the hub keeps for one conversation. */
  function hear(conversation: number, drafts: readonly Draft[], askedAt: number): void {
    previews.delete(conversation)
    for (const mode of MODES) {
      const name = nameOf(conversation, mode)
      if ((toldAt.get(name) ?? -1) > askedAt) continue
      const theirs = drafts.find((one) => one.mode === mode)
      const ours = marks.get(name)
      if (theirs && (!ours || isLater(theirs.updated_at, ours.at))) adopt(conversation, theirs)
      else if (!theirs && ours?.kept) forget(conversation, mode)
      else if (ours ? !ours.kept : read(conversation, mode).trim()) changed(conversation, mode)
    }
  }

  /** The list only says how a reply begins. */
  function hearPreview(conversation: number, text: string, askedAt: number): void {
    const name = nameOf(conversation, 'reply')
    if ((toldAt.get(name) ?? -1) > askedAt) return
    if (!text && marks.get(name)?.kept) forget(conversation, 'reply')
    if (text && !marks.has(name)) previews.set(conversation, text)
    else previews.delete(conversation)
  }

  /** It was sent, or thrown away, on another device. */
  function forget(conversation: number, mode: Mode): void {
    keep(nameOf(conversation, mode), '')
    if (mode === 'reply') keepFields(conversation, {})
    mark(nameOf(conversation, mode), null)
  }

  async function fetch(conversation: number): Promise<void> {
    const askedAt = asking()
    hear(conversation, (await together.drafts(conversation)).items, askedAt)
  }

  /** Another device of ours, or this one: that is known already. */
  function hearChange(conversation: number, mode: Mode, updatedAt: string | null): void {
    const ours = marks.get(nameOf(conversation, mode))
    const known = updatedAt ? ours && !isLater(updatedAt, ours.at) : !ours && !previews.has(conversation)
    if (!known) fetch(conversation).catch(() => undefined)
  }

  /** The conversation became part of another one, where nothing is begun yet. */
  function carry(from: number, to: number): void {
    for (const mode of MODES) {
      const text = read(from, mode)
      if (text && !read(to, mode)) write(to, mode, text)
      forget(from, mode)
    }
  }

  /** What was written while the hub was away. */
  function flush(): void {
    const mine = `${session.me?.id ?? 0}.`
    for (const [name, { kept }] of marks) {
      const [, conversation, mode] = name.split('.')
      if (!kept && name.startsWith(mine)) void save(Number(conversation), mode as Mode)
    }
  }

  return { read, write, readFields, writeFields, preview, asking, hear, hearPreview, hearChange, carry, flush }
})

const isLater = (a: string, b: string): boolean => Date.parse(a) > Date.parse(b)
