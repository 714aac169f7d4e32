import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Message } from '@/api/types'
import { useConversations } from '@/stores/conversations'
import { useDirectory } from '@/stores/directory'
import { useDrafts } from '@/stores/drafts'
import { useSession } from '@/stores/session'
import { firstUnreadOf, merged, useThreads } from '@/stores/threads'
import { conversation, message, minute, reply } from './samples'

type Answer = (url: string, init: RequestInit) => Response | Promise<Response>

const asked: { url: string; key: string | null; body?: BodyInit | null }[] = []
let answer: Answer = () => json({ items: [], next: null })

const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })

beforeEach(() => {
  setActivePinia(createPinia())
  localStorage.clear()
  asked.length = 0
  vi.useFakeTimers()
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, key: new Headers(init.headers).get('Idempotency-Key'), body: init.body })
    return answer(url, init)
  })
  useSession().me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'agent', teams: [] }
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function loadedAll(...rows: ReturnType<typeof conversation>[]) {
  answer = () => json({ items: rows, next: null })
  const store = useConversations()
  await store.load('all', 'first')
  return store
}

describe('conversations', () => {
  it('ignore an update that is older than what is held', async () => {
    const store = await loadedAll(conversation({ id: 1, at: minute(10), unread: 2 }))
    store.upsert(conversation({ id: 1, at: minute(9), unread: 5 }))
    expect(store.byId.get(1)?.unread).toBe(2)
  })

  it('keep what may be written when a row without it comes by the stream', async () => {
    const store = await loadedAll(conversation({ id: 1, at: minute(10) }))
    const participants = [{ address: 'a@x.cn', name: '', kind: 'customer' as const }]
    store.upsert({ ...conversation({ id: 1, at: minute(11) }), reply: reply({ text_bytes: 2048 }), participants })
    store.upsert(conversation({ id: 1, at: minute(12) }))
    expect(store.byId.get(1)).toMatchObject({ reply: { text_bytes: 2048 }, participants })
  })

  it('lose none that the stream tells of while a page is on its way', async () => {
    const store = useConversations()
    let release: (response: Response) => void = () => undefined
    answer = () => new Promise((resolve) => (release = resolve))
    const loading = store.load('all', 'first')
    store.upsert(conversation({ id: 2, at: minute(20) }))
    release(json({ items: [conversation({ id: 1, at: minute(10) })], next: null }))
    await loading
    expect(store.views.all.shown).toEqual([2, 1])
  })

  it('are read to their end though one that the stream told of went to others meanwhile', async () => {
    const store = useConversations()
    let release: (response: Response) => void = () => undefined
    answer = () => new Promise((resolve) => (release = resolve))
    const loading = store.load('all', 'first')
    store.upsert(conversation({ id: 2, at: minute(20) }))
    store.forget(2)
    release(json({ items: [conversation({ id: 1, at: minute(10) })], next: null }))
    await loading
    expect(store.views.all).toMatchObject({ shown: [1], error: null })
  })

  it('are read again where a resync came while a page was on its way, which may be older', async () => {
    const store = useConversations()
    const pages = [[conversation({ id: 1, at: minute(10) })], [conversation({ id: 2, at: minute(20) }), conversation({ id: 1, at: minute(10) })]]
    answer = (url) => (url.includes('counts') ? json({ mine: 0, waiting: 0, all: 0 }) : json({ items: pages.shift(), next: null }))
    const loading = store.load('all', 'first')
    await Promise.all([loading, store.resync()])
    await vi.advanceTimersByTimeAsync(0)
    expect(store.views.all.shown).toEqual([2, 1])
  })

  it('stand still while somebody points at the list, and move when asked', async () => {
    const store = await loadedAll(conversation({ id: 1, at: minute(10) }), conversation({ id: 2, at: minute(5) }))
    store.hold(true)
    store.upsert(conversation({ id: 2, at: minute(20) }))
    store.upsert(conversation({ id: 3, at: minute(21) }))
    expect(store.views.all.shown).toEqual([1, 2])
    expect([...store.views.all.moved]).toEqual([2, 3])
    store.show('all')
    expect(store.views.all.shown).toEqual([3, 2, 1])
  })

  it('come at once into a list that was empty, though somebody points at it', async () => {
    const store = await loadedAll()
    store.hold(true)
    const found = json({ items: [conversation({ id: 1, at: minute(10) })], next: null })
    answer = (url) => (url.includes('counts') ? json({ mine: 0, waiting: 0, all: 0 }) : found)
    await store.resync()
    expect(store.views.all.shown).toEqual([1])
    expect(store.views.all.moved.size).toBe(0)
  })

  it('move at once when the pointer leaves', async () => {
    const store = await loadedAll(conversation({ id: 1, at: minute(10) }), conversation({ id: 2, at: minute(5) }))
    store.hold(true)
    store.upsert(conversation({ id: 2, at: minute(20) }))
    store.hold(false)
    expect(store.views.all.shown).toEqual([2, 1])
  })

  it('go and come back at once by what we do ourselves', async () => {
    const store = await loadedAll(conversation({ id: 1, at: minute(10) }), conversation({ id: 2, at: minute(5) }))
    store.hold(true)
    store.upsert({ ...conversation({ id: 1, at: minute(11) }), status: 'resolved' })
    store.settle(1)
    expect(store.views.all.shown).toEqual([2])
    store.upsert(conversation({ id: 1, at: minute(12) }))
    store.settle(1)
    expect(store.views.all.shown).toEqual([1, 2])
    expect(store.views.all.moved.size).toBe(0)
  })

  it('are forgotten when they go to others, even under the pointer', async () => {
    const store = await loadedAll(conversation({ id: 1, at: minute(10) }), conversation({ id: 2, at: minute(5) }))
    const threads = useThreads()
    answer = () => json({ items: [message({ id: 1 })], next: null })
    await threads.load(1, 'newest')
    store.hold(true)
    store.forget(1)
    threads.forget(1)
    expect(store.views.all.shown).toEqual([2])
    expect(store.byId.has(1)).toBe(false)
    expect(threads.get(1)).toMatchObject({ loaded: false, messages: [] })
  })

  it('are read again by a resync, with the rows that left dropped', async () => {
    const store = await loadedAll(conversation({ id: 1, at: minute(10) }), conversation({ id: 2, at: minute(5) }))
    answer = (url) =>
      url.includes('counts')
        ? json({ mine: 1, waiting: 0, all: 1 })
        : json({ items: [conversation({ id: 2, at: minute(30) })], next: null })
    await store.resync()
    expect(store.views.all.shown).toEqual([2])
    expect(store.counts).toEqual({ mine: 1, waiting: 0, all: 1 })
  })
})

describe('a thread', () => {
  it('merges by id, in order, the later word winning', () => {
    const held = [message({ id: 1 }), message({ id: 3 })]
    expect(merged(held, [message({ id: 2 }), message({ id: 3, text: 'changed' })]).map(({ id, text }) => [id, text])).toEqual([
      [1, 'message 1'],
      [2, 'message 2'],
      [3, 'changed'],
    ])
  })

  it('opens at the first unread message of the customer', () => {
    const messages = [message({ id: 1 }), message({ id: 2, direction: 'out' }), message({ id: 3 }), message({ id: 4 })]
    expect(firstUnreadOf(messages, 2)).toBe(3)
    expect(firstUnreadOf(messages, 0)).toBeNull()
  })

  it('never lets an answer overwrite what the stream said after the question', async () => {
    const store = useThreads()
    const sent = message({ id: 5, direction: 'out', delivery: { state: 'queued', attempts: 0, error: null } })
    answer = () => json({ items: [sent], next: null })
    await store.load(1, 'newest')
    let release: (response: Response) => void = () => undefined
    answer = () => new Promise((resolve) => (release = resolve))
    const loading = store.load(1, 'newest')
    store.hear({ ...sent, delivery: { state: 'sent', attempts: 1, error: null } })
    release(json({ items: [sent], next: null }))
    await loading
    expect(store.get(1).messages[0]?.delivery?.state).toBe('sent')
  })

  it('loses nothing that the stream says while its first page is on the way', async () => {
    const store = useThreads()
    const sent = message({ id: 5, direction: 'out', delivery: { state: 'queued', attempts: 0, error: null } })
    let release: (response: Response) => void = () => undefined
    answer = () => new Promise((resolve) => (release = resolve))
    const loading = store.load(1, 'newest')
    store.hear({ ...sent, delivery: { state: 'sent', attempts: 1, error: null } })
    store.hear(message({ id: 6 }))
    release(json({ items: [message({ id: 4 }), sent], next: 4 }))
    await loading
    expect(store.get(1).messages.map(({ id, delivery }) => [id, delivery?.state])).toEqual([
      [4, undefined],
      [5, 'sent'],
      [6, undefined],
    ])
    expect(store.get(1).before).toBe(4)
  })

  it('leaves no hole when the newest page does not reach what was held', async () => {
    const store = useThreads()
    answer = () => json({ items: [message({ id: 1 }), message({ id: 2 })], next: null })
    await store.load(1, 'newest')
    let release: (response: Response) => void = () => undefined
    answer = () => new Promise((resolve) => (release = resolve))
    const loading = store.load(1, 'newest')
    store.hear(message({ id: 91 }))
    release(json({ items: [message({ id: 90 }), message({ id: 91 })], next: 90 }))
    await loading
    expect(store.get(1).messages.map(({ id }) => id)).toEqual([90, 91])
    expect(store.get(1).before).toBe(90)
  })

  it('tries a lost post again under the same key, and shows one message', async () => {
    const store = useThreads()
    answer = () => json({ items: [], next: null })
    await store.load(1, 'newest')
    asked.length = 0
    let tries = 0
    answer = () => {
      tries += 1
      if (tries < 3) throw new TypeError('network')
      return json(message({ id: 9, direction: 'out', text: 'hello' }), 201)
    }
    const sending = store.send(1, { text: 'hello', note: false })
    await vi.advanceTimersByTimeAsync(10_000)
    await sending
    expect(asked.map(({ key }) => key)).toEqual([asked[0]!.key, asked[0]!.key, asked[0]!.key])
    expect(store.get(1).pending).toEqual([])
    expect(store.get(1).messages.map(({ id }) => id)).toEqual([9])
  })

  it('keeps a refused message with the reason and does not try again', async () => {
    const store = useThreads()
    answer = (url) =>
      url.endsWith('/messages')
        ? json({ code: 'window_closed', title: 'closed', status: 409 }, 409)
        : json(conversation({ id: 1, at: minute(1) }))
    await store.send(1, { text: 'hello', note: false })
    const [pending] = store.get(1).pending
    expect([pending?.state, pending?.error?.code]).toEqual(['failed', 'window_closed'])
    expect(asked.filter(({ key }) => key).length).toBe(1)
  })

  it('knows its own message when the stream is faster than the answer', async () => {
    const store = useThreads()
    answer = () => json({ items: [], next: null })
    await store.load(1, 'newest')
    let release: (response: Response) => void = () => undefined
    answer = () => new Promise((resolve) => (release = resolve))
    const sending = store.send(1, { text: 'hello', note: false })
    const mine: Message = message({ id: 9, direction: 'out', text: 'hello', author: { kind: 'agent', id: 1, name: 'Lin' } })
    store.hear(mine)
    expect(store.get(1).pending[0]?.arrivedAs).toBe(9)
    release(json(mine, 201))
    await sending
    expect(store.get(1).pending).toEqual([])
  })
})

describe('a mail', () => {
  it('says only what the agent changed of its head', async () => {
    const store = useThreads()
    answer = () => json(message({ id: 9, direction: 'out' }), 201)
    await store.send(1, { text: 'hello', note: false, heading: { cc: [] } })
    await store.send(1, { text: 'hello', note: false })
    expect(asked.map(({ body }) => JSON.parse(String(body)) as unknown)).toEqual([
      { note: false, cc: [], text: 'hello' },
      { note: false, text: 'hello', seen: 9 },
    ])
  })

  it('keeps what was typed into its lines, for each conversation', () => {
    const drafts = useDrafts()
    drafts.writeFields(1, { cc: 'a@x.cn, b' })
    drafts.writeFields('new', { to: 'c@x.cn' })
    setActivePinia(createPinia())
    useSession().me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'agent', teams: [] }
    const again = useDrafts()
    expect([again.readFields(1), again.readFields(2), again.readFields('new')]).toEqual([{ cc: 'a@x.cn, b' }, {}, { to: 'c@x.cn' }])
    again.writeFields(1, {})
    expect([...Array(localStorage.length).keys()].filter((at) => localStorage.key(at)?.startsWith('yizhan.draft.'))).toHaveLength(1)
  })
})

describe('channels', () => {
  it('stay what they are when the stream tells how they are', async () => {
    const mail = {
      name: 'support', label: 'Support', state: 'ok', reason: '', begins: true, threaded: true, receiver: null,
      last_inbound_at: null, last_outbound_at: null, queued: 0, failed: 0,
    }
    answer = (url) => json({ items: url.endsWith('/channels') ? [mail] : [], next: null })
    const directory = useDirectory()
    await directory.load()
    directory.hearChannel({ name: 'support', state: 'deaf', reason: 'wrong password' })
    directory.hearChannel({ name: 'gone', state: 'deaf', reason: '' })
    expect(directory.troubled).toEqual([{ ...mail, state: 'deaf', reason: 'wrong password' }])
    expect(directory.beginning.map(({ name }) => name)).toEqual(['support'])
  })
})
