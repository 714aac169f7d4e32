/** The messages of the conversations opened lately, and those of ours still on their way to the hub. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { api } from '@/api/client'
import { mayHaveArrived, newKey, Refusal, type Failure } from '@/api/http'
import type { Attachment, Heading, Message, MessageDraft, SuggestionUse, TemplateUse } from '@/api/types'
import { useConversations } from './conversations'
import { useSession } from './session'

interface Content {
  text: string
  note: boolean
  attachments: Attachment[]
  /** Chosen by the agent; otherwise the hub answers where the customer last wrote. */
  channel: string | null
  heading: Heading
  /** Instead of the text, which is then what the customer will read. */
  template: TemplateUse | null
  /** What the agent began from. */
  suggestion: SuggestionUse | null
  /** Ready-made texts that went into it, and the colleagues that a note calls. */
  canned: string[]
  mentions: number[]
  /** The newest message on the screen when the agent began to write. */
  seen: number | null
}

export interface Pending extends Content {
  key: string
  conversation: number
  created_at: string
  /** asked: a colleague was faster, so the agent decides. */
  state: 'posting' | 'retrying' | 'asked' | 'failed'
  error: Failure | null
  /** The stream was faster than the answer: this message is the same one. */
  arrivedAs: number | null
}

export interface Thread {
  id: number
  messages: Message[]
  pending: Pending[]
  before: string | number | null
  /** Where to go on forwards, when the thread was opened at an old message: its end is not here. */
  after: number | null
  loaded: boolean
  loading: boolean
  /** What the stream said while a page was on its way, which may not have it yet. */
  early: Message[]
  error: Failure | null
  /** The first message not read when the thread was opened. */
  firstUnread: number | null
  /** The newest message when the agent began to write what is in the composer. */
  seen: number | null
}

const KEPT = 30
const PAGE = 50
const RETRY_AFTER = [1_000, 3_000, 8_000]

export function merged(held: readonly Message[], incoming: readonly Message[]): Message[] {
  const byId = new Map(held.map((message) => [message.id, message]))
  for (const message of incoming) byId.set(message.id, message)
  return [...byId.values()].sort((a, b) => a.id - b.id)
}

const wasBeaten = (error: unknown): boolean =>
  error instanceof Refusal && ['answered_meanwhile', 'claimed_meanwhile'].includes(error.code)

const newestOf = (thread: Thread): number | null => thread.messages.at(-1)?.id ?? null

const isUnknown = (error: unknown): boolean => error instanceof Refusal && [404, 422].includes(error.problem.status)

export function firstUnreadOf(messages: readonly Message[], unread: number): number | null {
  if (unread <= 0) return null
  const inbound = messages.filter((message) => message.direction === 'in')
  return inbound.at(-unread)?.id ?? inbound[0]?.id ?? null
}

export const useThreads = defineStore('threads', () => {
  const conversations = useConversations()
  const session = useSession()
  const byId = shallowReactive(new Map<number, Thread>())
  /** Counts what the stream said, so that an answer asked for earlier never overwrites it. */
  let tick = 0
  const toldAt = new Map<number, number>()

  function get(id: number): Thread {
    let thread = byId.get(id)
    if (thread) byId.delete(id)
    else thread = shallowReactive(empty(id))
    byId.set(id, thread)
    for (const old of byId.keys()) {
      if (byId.size <= KEPT) break
      if (!byId.get(old)!.pending.length) byId.delete(old)
    }
    return thread
  }

  const empty = (id: number): Thread => ({
    id, messages: [], pending: [], before: null, after: null, loaded: false, loading: false, early: [], error: null, firstUnread: null, seen: null,
  })

  function take(thread: Thread, messages: readonly Message[], askedAt: number): void {
    thread.messages = merged(
      thread.messages,
      messages.filter((message) => (toldAt.get(message.id) ?? -1) <= askedAt),
    )
  }

  async function load(id: number, how: 'newest' | 'older' | 'newer'): Promise<void> {
    const thread = get(id)
    if (thread.loading || (how === 'older' && thread.before === null) || (how === 'newer' && thread.after === null)) return
    if (how === 'newest' && thread.after !== null) clear(thread)
    await read(thread, async (askedAt) => {
      const newest = thread.messages.at(-1)?.id ?? 0
      const where = { newest: {}, older: { before: thread.before }, newer: { after: thread.after } }[how]
      const page = await api.messages(id, { limit: PAGE, ...where })
      const oldest = page.items[0]?.id ?? 0
      // After a long absence the newest page may not touch what we hold; a hole must not look like a whole.
      if (how === 'newest' && oldest > newest) thread.messages = []
      const wasEmpty = thread.messages.length === 0
      take(thread, page.items, askedAt)
      if (how === 'newer') thread.after = page.next as number | null
      else if (how === 'older' || wasEmpty) thread.before = page.next
    })
  }

  /** Opens it at one of its messages, unless that is here already. */
  async function loadAround(id: number, message: number): Promise<void> {
    const thread = get(id)
    if (thread.loading || thread.messages.some((held) => held.id === message)) return
    await read(thread, async (askedAt) => {
      const page = await api.messages(id, { limit: PAGE, around: message })
      thread.messages = []
      take(thread, page.items, askedAt)
      thread.before = page.next
      thread.after = page.newer
    })
    // It went to another conversation meanwhile, or is gone.
    if (isUnknown(thread.error)) await load(id, 'newest')
  }

  async function read(thread: Thread, ask: (askedAt: number) => Promise<void>): Promise<void> {
    thread.loading = true
    thread.error = null
    thread.early = []
    try {
      await ask(tick)
      if (thread.after === null) thread.messages = merged(thread.messages, thread.early)
      thread.loaded = true
    } catch (error) {
      thread.error = error as Failure
    } finally {
      thread.loading = false
    }
  }

  function clear(thread: Thread): void {
    thread.messages = []
    thread.before = null
    thread.after = null
  }

  /** What the stream says is always newer than what we hold. */
  function hear(message: Message): void {
    toldAt.set(message.id, ++tick)
    const thread = byId.get(message.conversation_id)
    if (thread?.loading) thread.early.push(message)
    if (!thread?.loaded) return
    const isNew = !thread.messages.some(({ id }) => id === message.id)
    // Between what is here and the end are messages that are not.
    if (isNew && thread.after !== null) return
    if (isNew && message.direction !== 'in' && session.isMe(authorOf(message))) matchPending(thread, message)
    thread.messages = merged(thread.messages, [message])
  }

  const authorOf = (message: Message): { id: number } | null =>
    message.author.kind === 'agent' && message.author.id !== null ? { id: message.author.id } : null

  /** What we just said of a message shows before the hub has heard it. */
  function note({ id, conversation_id }: Message, name: string, value: unknown): void {
    const thread = byId.get(conversation_id)
    if (!thread) return
    thread.messages = thread.messages.map((held) => {
      if (held.id !== id) return held
      const { [name]: _, ...others } = held.payload
      return { ...held, payload: value === undefined ? others : { ...others, [name]: value } }
    })
  }

  function matchPending(thread: Thread, message: Message): void {
    const twin = thread.pending.find(
      (pending) =>
        pending.arrivedAs === null &&
        !['asked', 'failed'].includes(pending.state) &&
        pending.text === message.text &&
        pending.note === (message.direction === 'note'),
    )
    if (twin) change(thread, { ...twin, arrivedAs: message.id })
  }

  function change(thread: Thread, pending: Pending): void {
    thread.pending = thread.pending.map((other) => (other.key === pending.key ? pending : other))
  }

  function send(id: number, content: Pick<Content, 'text' | 'note'> & Partial<Content>): Promise<void> {
    const thread = get(id)
    const pending: Pending = {
      attachments: [],
      channel: null,
      heading: {},
      template: null,
      suggestion: null,
      canned: [],
      mentions: [],
      seen: content.note ? null : (thread.seen ?? newestOf(thread)),
      ...content,
      key: newKey(),
      conversation: id,
      created_at: new Date().toISOString(),
      state: 'posting',
      error: null,
      arrivedAs: null,
    }
    thread.pending = [...thread.pending, pending]
    if (thread.after !== null) void load(id, 'newest')
    return post(thread, pending.key)
  }

  /** The same key again: the hub answers with the first result, so trying again can never send twice. */
  async function post(thread: Thread, key: string, tries = 0): Promise<void> {
    const pending = thread.pending.find((other) => other.key === key)
    if (!pending) return
    change(thread, { ...pending, state: tries ? 'retrying' : 'posting', error: null })
    const draft: MessageDraft = { note: pending.note, ...pending.heading }
    if (pending.template) draft.template = pending.template
    else if (pending.text) draft.text = pending.text
    if (pending.channel) draft.channel = pending.channel
    if (pending.suggestion) draft.suggestion = pending.suggestion
    if (pending.canned.length) draft.canned = pending.canned
    if (pending.mentions.length) draft.mentions = pending.mentions
    if (pending.seen !== null) draft.seen = pending.seen
    if (pending.attachments.length) draft.attachments = pending.attachments.map((attachment) => attachment.id)
    const askedAt = tick
    try {
      const message = await api.postMessage(thread.id, draft, key)
      take(thread, [message], askedAt)
      discard(thread, key)
    } catch (error) {
      if (pending.suggestion && isUnknown(error)) {
        // What it began from is gone by now. That is for the statistics, and keeps no answer from its customer.
        change(thread, { ...pending, suggestion: null })
        return post(thread, key, tries)
      }
      if (wasBeaten(error)) return change(thread, { ...pending, state: 'asked', error: error as Failure })
      const wait = RETRY_AFTER[tries]
      if (mayHaveArrived(error) && wait !== undefined) {
        change(thread, { ...pending, state: 'retrying', error: error as Failure })
        await new Promise((resolve) => setTimeout(resolve, wait))
        return post(thread, key, tries + 1)
      }
      change(thread, { ...pending, state: 'failed', error: error as Failure })
      // The refusal tells that what we knew of the window or the allowance is old.
      conversations.fetchOne(thread.id).catch(() => undefined)
    }
  }

  const retry = (thread: Thread, key: string): Promise<void> => post(thread, key)

  /** The agent knows by now what the hub asked about, so it asks about that no more. */
  function informed(thread: Thread, key: string, state: Pending['state']): void {
    const pending = thread.pending.find((other) => other.key === key)
    if (!pending) return
    const told = pending.error instanceof Refusal ? Number(pending.error.problem.seen) : 0
    change(thread, { ...pending, state, seen: Math.max(told || 0, newestOf(thread) ?? 0) })
  }

  function sendAnyway(thread: Thread, key: string): Promise<void> {
    informed(thread, key, 'posting')
    return post(thread, key)
  }

  /** Not now: it stays in the thread, to be sent or thrown away. */
  const putOff = (thread: Thread, key: string): void => informed(thread, key, 'failed')

  /** Something is in the composer now, or nothing any more. */
  function began(thread: Thread, isWriting: boolean): void {
    thread.seen = isWriting ? newestOf(thread) : null
  }

  function discard(thread: Thread, key: string): void {
    thread.pending = thread.pending.filter((pending) => pending.key !== key)
  }

  /** What was written changed from the ground up, as an erasure does: nothing held may stay. */
  async function reread(id: number): Promise<void> {
    const thread = byId.get(id)
    if (!thread?.loaded) return
    thread.loaded = false
    clear(thread)
    await load(id, 'newest')
  }

  function forget(id: number): void {
    const thread = byId.get(id)
    if (thread) Object.assign(thread, empty(id))
  }

  async function resync(open: number | null): Promise<void> {
    // Threads not on the screen are read again when they are opened.
    for (const [id, thread] of byId) if (id !== open && !thread.pending.length) byId.delete(id)
    // Whoever reads further back finds the end when they go there.
    if (open !== null && byId.get(open)?.after === null) await load(open, 'newest')
  }

  return { byId, get, load, loadAround, hear, note, send, retry, sendAnyway, putOff, began, discard, reread, forget, resync }
})
