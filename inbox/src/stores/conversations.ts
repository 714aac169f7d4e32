/** Every conversation we hold, the order of each view, and the counts. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import { api } from '@/api/client'
import { addressOf, organising, type Filter } from '@/api/organising'
import type { Failure } from '@/api/http'
import type { Conversation, Counts, Message } from '@/api/types'
import { fits, isClosed, later, placed, sameOrder, STANDARD, VIEWS, type StandardView } from './order'
import { useDrafts } from './drafts'
import { useSession } from './session'

interface ViewState {
  filter: Filter
  /** The true order. */
  order: number[]
  /** What is on the screen: stands still while somebody points at it. */
  shown: number[]
  /** Rows whose place changed while the list stood still. */
  moved: Set<number>
  next: string | number | null
  loaded: boolean
  loading: boolean
  /** It was to be read again while a page was on its way, which may be from before that. */
  stale: boolean
  /** What the stream told meanwhile. */
  early: Set<number>
  error: Failure | null
}

type Views = Record<StandardView, ViewState> & Record<string, ViewState>

const COUNTS_EVERY = 1_000
/** So long the stream may be behind an answer. */
const SOON = 5_000
/** Lists kept beside those that everybody has. */
const KEPT = 12

const detailOf = ({ reply, participants, undoable, followed }: Conversation): Partial<Conversation> => ({
  reply,
  participants,
  undoable,
  followed,
})

/** Shallow: an order of ten thousand is replaced, and nothing may watch each of its numbers. */
const emptyView = (filter: Filter): ViewState =>
  shallowReactive({
    filter,
    order: [],
    shown: [],
    moved: shallowReactive(new Set<number>()),
    next: null,
    loaded: false,
    loading: false,
    stale: false,
    early: new Set<number>(),
    error: null,
  })

export const useConversations = defineStore('conversations', () => {
  const drafts = useDrafts()
  const session = useSession()
  const byId = shallowReactive(new Map<number, Conversation>())
  /** By the name of a standard view, or by the filter as an address has it. */
  const views = shallowReactive(
    Object.fromEntries(STANDARD.map((name) => [name, emptyView(VIEWS[name])])) as Views,
  )
  const counts = ref<Counts | null>(null)
  const held = ref(false)
  const ours = new Set<number>()
  let countsTimer: ReturnType<typeof setTimeout> | undefined

  const unreadMine = computed(() => {
    let sum = 0
    for (const conversation of byId.values()) {
      if (conversation.unread && conversation.status !== 'resolved' && session.isMe(conversation.assignee)) sum += conversation.unread
    }
    return sum
  })

  const viewAt = (name: string): ViewState => views[name]!

  /** The list with this filter, and its name. */
  function listOf(filter: Filter): string {
    const standard = STANDARD.find((name) => VIEWS[name] === filter)
    if (standard) return standard
    const name = new URLSearchParams(addressOf(filter)).toString()
    const kept = views[name] ?? emptyView(filter)
    delete views[name]
    views[name] = kept
    const others = Object.keys(views).filter((other) => !STANDARD.includes(other as never))
    for (const old of others.slice(0, -KEPT)) delete views[old]
    return name
  }

  /** Keeps what is newer; what only the detail tells survives a newer row that came without it. */
  function keep(conversation: Conversation): boolean {
    const before = byId.get(conversation.id)
    if (before && later(conversation.updated_at, before.updated_at) < 0) return false
    byId.set(conversation.id, before?.reply && !conversation.reply ? { ...conversation, ...detailOf(before) } : conversation)
    return true
  }

  function upsert(conversation: Conversation): boolean {
    const before = byId.get(conversation.id)
    if (!keep(conversation)) return false
    const now = byId.get(conversation.id)!
    for (const name in views) place(name, now)
    if (!before || before.status !== now.status || before.assignee?.id !== now.assignee?.id) countSoon()
    return true
  }

  function place(name: string, conversation: Conversation): void {
    const state = viewAt(name)
    if (state.loading) state.early.add(conversation.id)
    if (!state.loaded) return
    const order = orderWith(state, conversation)
    if (sameOrder(order, state.order)) return
    state.order = order
    if (!isHeld(state)) return show(name)
    state.moved.add(conversation.id)
    if (ours.has(conversation.id)) settle(conversation.id)
  }

  /** Where nothing stands, nothing can jump. */
  const isHeld = (state: ViewState): boolean => held.value && state.shown.length > 0

  const orderWith = (state: ViewState, conversation: Conversation): number[] =>
    placed(state.order, conversation, state.filter, session.me?.id ?? 0, byId, state.next !== null)

  function show(name: string): void {
    const state = viewAt(name)
    state.shown = state.order
    state.moved.clear()
  }

  function hold(on: boolean): void {
    held.value = on
    if (!on) for (const name in views) if (viewAt(name).moved.size) show(name)
  }

  /** Our own action on a row shows at once, even under the pointer. */
  function settle(id: number): void {
    for (const state of Object.values(views)) {
      const at = state.order.indexOf(id)
      if (at >= 0 === state.shown.includes(id)) continue
      state.shown = at < 0 ? state.shown.filter((other) => other !== id) : [...state.shown.slice(0, at), id, ...state.shown.slice(at)]
      state.moved.delete(id)
    }
  }

  /** Of what we do with many the rows come with the stream, before the answer or after it. */
  function settleSoon(ids: Iterable<number>): void {
    for (const id of ids) {
      ours.add(id)
      settle(id)
      setTimeout(() => ours.delete(id), SOON)
    }
  }

  /** It went to others. */
  function forget(id: number): void {
    if (!byId.delete(id)) return
    for (const state of Object.values(views)) {
      state.order = state.order.filter((other) => other !== id)
      state.early.delete(id)
    }
    settle(id)
    countSoon()
  }

  async function load(name: string, how: 'first' | 'more' | 'again'): Promise<void> {
    const state = viewAt(name)
    if (state.loading) return void (state.stale ||= how === 'again')
    if (how === 'more' && state.next === null) return
    state.loading = true
    state.early.clear()
    state.error = null
    try {
      // A refetch covers what is on the screen, up to the page size the hub allows.
      const limit = how === 'again' ? Math.min(200, Math.max(50, state.order.length)) : 50
      const askedAt = drafts.asking()
      const page = await organising.conversations(state.filter, how === 'more' ? state.next : null, limit)
      for (const conversation of page.items) {
        keep(conversation)
        drafts.hearPreview(conversation.id, conversation.draft ?? '', askedAt)
      }
      const me = session.me?.id ?? 0
      const fresh = page.items.map(({ id }) => id).filter((id) => isClosed(state.filter) || fits(byId.get(id)!, state.filter, me))
      const before = how === 'more' ? state.order.filter((id) => !fresh.includes(id)) : []
      state.order = [...before, ...fresh]
      state.next = page.next
      state.loaded = true
      for (const id of state.early) state.order = orderWith(state, byId.get(id)!)
      if (!isHeld(state) || how !== 'again') show(name)
      else for (const id of state.order) if (!state.shown.includes(id)) state.moved.add(id)
    } catch (error) {
      state.error = error as Failure
    } finally {
      state.loading = false
    }
    if (!state.stale) return
    state.stale = false
    await load(name, 'again')
  }

  async function fetchOne(id: number): Promise<Conversation> {
    const askedAt = drafts.asking()
    const conversation = await api.conversation(id)
    if (conversation.drafts) drafts.hear(id, conversation.drafts, askedAt)
    const before = byId.get(id)
    // What we may write is only told here, so it is taken even when the row itself is already newer.
    if (!upsert(conversation) && before) byId.set(id, { ...before, ...detailOf(conversation) })
    return byId.get(id)!
  }

  async function fetchCounts(): Promise<void> {
    counts.value = await api.counts()
  }

  function countSoon(): void {
    if (countsTimer) return
    countsTimer = setTimeout(() => {
      countsTimer = undefined
      // The numbers are a hint; the next change asks again.
      fetchCounts().catch(() => undefined)
    }, COUNTS_EVERY)
  }

  /** A message newer than the row's preview; its own conversation event follows or came already. */
  function noticeMessage(message: Message): void {
    const row = byId.get(message.conversation_id)
    if (row?.last_message?.id === message.id) byId.set(row.id, { ...row, last_message: message })
  }

  async function resync(): Promise<void> {
    const loaded = Object.keys(views).filter((name) => viewAt(name).loaded || viewAt(name).loading || viewAt(name).error)
    await Promise.all([...loaded.map((name) => load(name, 'again')), fetchCounts().catch(() => undefined)])
  }

  /** Only the hub knows which these are, and it just said that they changed. */
  async function askAgain(about: keyof Filter): Promise<void> {
    const asked = Object.keys(views).filter((name) => viewAt(name).loaded && viewAt(name).filter[about])
    await Promise.all(asked.map((name) => load(name, 'again')))
  }

  return {
    byId, views, counts, held, unreadMine, viewAt, listOf, askAgain, countSoon,
    upsert, forget, hold, show, settle, settleSoon, load, fetchOne, fetchCounts, noticeMessage, resync,
  }
})
