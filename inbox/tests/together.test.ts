import { createPinia, setActivePinia } from 'pinia'
import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Draft } from '@/api/types'
import { now } from '@/composables/clock'
import { useViewing } from '@/composables/viewing'
import { useDrafts } from '@/stores/drafts'
import { useSession } from '@/stores/session'
import { useThreads } from '@/stores/threads'
import { useViewers } from '@/stores/viewers'
import { since } from '@/text/time'
import { conversation, message, minute } from './samples'

interface Asked {
  what: string
  body: Record<string, unknown>
}

const asked: Asked[] = []
let answer: (what: string, body: Record<string, unknown>) => Response = () => json({ items: [], next: null })

const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })
const kept = (...items: Draft[]): Response => json({ items, next: null })
const draft = (text: string, at: string, part: Partial<Draft> = {}): Draft => ({ mode: 'reply', text, fields: {}, updated_at: at, ...part })

/** The hub as it keeps what it is told. */
const echo = (what: string, body: Record<string, unknown>): Response =>
  kept(...(body.text ? [{ ...(body as unknown as Draft), mode: what.endsWith('note') ? ('note' as const) : ('reply' as const) }] : []))

function start(): void {
  setActivePinia(createPinia())
  useSession().me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'agent', teams: [] }
}

beforeEach(() => {
  localStorage.clear()
  asked.length = 0
  answer = echo
  vi.useFakeTimers({ now: Date.parse(minute(30)) })
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const what = `${init.method} ${url.replace('/api/v1', '')}`
    const body = init.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : {}
    asked.push({ what, body })
    return answer(what, body)
  })
  start()
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const saved = (): unknown[] => asked.filter(({ what }) => what.startsWith('PUT')).map(({ body }) => body.text)

describe('a draft', () => {
  it('goes to the hub once the agent pauses, with the lines above a mail', async () => {
    const drafts = useDrafts()
    drafts.write(1, 'reply', 'De')
    await vi.advanceTimersByTimeAsync(500)
    drafts.write(1, 'reply', 'Dear')
    drafts.writeFields(1, { cc: 'a@x.cn' })
    await vi.advanceTimersByTimeAsync(799)
    expect(asked).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(asked).toMatchObject([
      { what: 'PUT /conversations/1/drafts/reply', body: { text: 'Dear', fields: { cc: 'a@x.cn' } } },
    ])
  })

  it('of a new mail, or of a form, stays in this browser', async () => {
    const drafts = useDrafts()
    drafts.writeFields('new', { text: 'Hi' })
    drafts.writeFields('template.1', { name: 'parcel' })
    await vi.advanceTimersByTimeAsync(5_000)
    expect(asked).toEqual([])
  })

  it('that another device wrote later is taken over, an earlier one is not', () => {
    const drafts = useDrafts()
    drafts.write(1, 'reply', 'from here')
    drafts.hear(1, [draft('older', minute(29))], drafts.asking())
    expect(drafts.read(1, 'reply')).toBe('from here')
    drafts.hear(1, [draft('newer', minute(31), { fields: { subject: 'Re' } })], drafts.asking())
    expect([drafts.read(1, 'reply'), drafts.readFields(1)]).toEqual(['newer', { subject: 'Re' }])
  })

  it('that was sent on another device is gone here too, but never what was not saved yet', async () => {
    const drafts = useDrafts()
    drafts.write(1, 'reply', 'saved')
    await vi.advanceTimersByTimeAsync(800)
    drafts.write(1, 'note', 'not saved')
    drafts.hear(1, [], drafts.asking())
    expect([drafts.read(1, 'reply'), drafts.read(1, 'note')]).toEqual(['', 'not saved'])
  })

  it('is not undone by an answer that was asked for before it was saved', async () => {
    const drafts = useDrafts()
    const askedAt = drafts.asking()
    drafts.write(1, 'reply', 'Dear')
    await vi.advanceTimersByTimeAsync(800)
    drafts.hear(1, [], askedAt)
    drafts.hearPreview(1, '', askedAt)
    expect(drafts.read(1, 'reply')).toBe('Dear')
  })

  it('survives a closed browser and an absent hub, and is saved when the hub is back', async () => {
    answer = () => {
      throw new TypeError('network')
    }
    useDrafts().write(1, 'reply', 'on the train')
    await vi.advanceTimersByTimeAsync(800)
    start()
    answer = echo
    expect(useDrafts().read(1, 'reply')).toBe('on the train')
    useDrafts().flush()
    await vi.advanceTimersByTimeAsync(0)
    expect(saved()).toEqual(['on the train', 'on the train'])
    useDrafts().flush()
    expect(saved()).toHaveLength(2)
  })

  it('written under a clock that is slow does not lose to what it follows', async () => {
    const drafts = useDrafts()
    drafts.hear(1, [draft('from the phone', minute(50))], drafts.asking())
    drafts.write(1, 'reply', 'from the phone, and on')
    await vi.advanceTimersByTimeAsync(800)
    expect(Date.parse(String(asked[0]!.body.updated_at))).toBeGreaterThan(Date.parse(minute(50)))
    expect(drafts.read(1, 'reply')).toBe('from the phone, and on')
  })

  it('shows in the list before it is opened, and goes with the word that it is gone', async () => {
    const drafts = useDrafts()
    drafts.hearPreview(1, 'Dear Mr', drafts.asking())
    expect([drafts.preview(1), drafts.read(1, 'reply')]).toEqual(['Dear Mr', ''])
    answer = () => kept()
    drafts.hearChange(1, 'reply', null)
    await vi.advanceTimersByTimeAsync(0)
    expect(drafts.preview(1)).toBe('')
  })

  it('is asked for when another device changed it, and not when that was us', async () => {
    const drafts = useDrafts()
    drafts.write(1, 'reply', 'Dear')
    await vi.advanceTimersByTimeAsync(800)
    drafts.hearChange(1, 'reply', String(asked[0]!.body.updated_at))
    expect(asked).toHaveLength(1)
    answer = () => kept(draft('Dear all', minute(40)))
    drafts.hearChange(1, 'reply', minute(40))
    await vi.advanceTimersByTimeAsync(0)
    expect(drafts.read(1, 'reply')).toBe('Dear all')
  })
})

describe('an answer while a colleague was faster', () => {
  const problem = { code: 'answered_meanwhile', title: '', status: 409, by: 'Li', kind: 'agent', at: minute(30), seen: '12' }

  async function beaten() {
    const store = useThreads()
    const thread = store.get(1)
    thread.messages = [message({ id: 10 })]
    thread.loaded = true
    store.began(thread, true)
    store.hear(message({ id: 12, direction: 'out', author: { kind: 'agent', id: 2, name: 'Li' } }))
    answer = (what, body) => {
      if (!what.startsWith('POST')) return json(conversation({ id: 1, at: minute(1) }))
      return Number(body.seen) < 12 ? json(problem, 409) : json(message({ id: 13, direction: 'out', text: 'hello' }), 201)
    }
    await store.send(1, { text: 'hello', note: false })
    return { store, thread, key: thread.pending[0]!.key }
  }

  it('asks, although the stream was there first: who writes looks at what they write', async () => {
    const { thread } = await beaten()
    expect(asked[0]!.body.seen).toBe(10)
    expect(thread.pending).toMatchObject([{ state: 'asked', error: { code: 'answered_meanwhile' } }])
  })

  it('goes under the same key when the agent wants it to, and asks no second time', async () => {
    const { store, thread, key } = await beaten()
    await store.sendAnyway(thread, key)
    expect(asked.filter(({ what }) => what.startsWith('POST')).map(({ body }) => body.seen)).toEqual([10, 12])
    expect([thread.pending, thread.messages.map(({ id }) => id)]).toEqual([[], [10, 12, 13]])
  })

  it('waits in the thread when it is put off, and then goes', async () => {
    const { store, thread, key } = await beaten()
    store.putOff(thread, key)
    expect(thread.pending).toMatchObject([{ state: 'failed', text: 'hello' }])
    await store.retry(thread, key)
    expect(thread.pending).toEqual([])
  })

  it('is not asked about when it was begun after them, and a note never is', async () => {
    const store = useThreads()
    const thread = store.get(1)
    thread.messages = [message({ id: 10 })]
    thread.loaded = true
    store.began(thread, true)
    store.hear(message({ id: 12, direction: 'out', author: { kind: 'bot', id: null, name: '' } }))
    store.began(thread, false)
    answer = () => json(message({ id: 14, direction: 'out' }), 201)
    await store.send(1, { text: 'hello', note: false })
    await store.send(1, { text: 'psst', note: true })
    expect(asked.map(({ body }) => body.seen)).toEqual([12, undefined])
  })
})

describe('viewers', () => {
  it('are the others, for as long as they say so', () => {
    const viewers = useViewers()
    now.value = Date.now()
    viewers.hear(1, [
      { id: 1, name: 'Lin', typing: false },
      { id: 2, name: 'Li', typing: true },
    ])
    expect(viewers.of(1).map(({ name }) => name)).toEqual(['Li'])
    now.value += 76_000
    expect(viewers.of(1)).toEqual([])
    viewers.hear(1, [{ id: 2, name: 'Li', typing: false }])
    viewers.hear(1, [{ id: 1, name: 'Lin', typing: false }])
    expect(viewers.of(1)).toEqual([])
  })
})

it('says in a sentence how long ago something was', () => {
  const at = Date.parse(minute(0))
  const words = (seconds: number): string => since(minute(0), at + seconds * 1_000, 'en')
  expect([words(8), words(130), words(7_300)]).toEqual(['8 seconds ago', '2 minutes ago', '2 hours ago'])
})

describe('whoever opens a conversation', () => {
  const told = (): string[] => asked.map(({ what }) => what).filter((what) => what.endsWith('/viewing'))

  it('and walks on at once is announced nowhere', async () => {
    const scope = effectScope()
    scope.run(() => useViewing(1))
    await vi.advanceTimersByTimeAsync(250)
    scope.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told()).toEqual([])
  })

  it('sees who comes while the answer, which does not know of them, is on its way', async () => {
    let release: (response: Response) => void = () => undefined
    now.value = Date.now()
    vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => (release = resolve)))
    const scope = effectScope()
    scope.run(() => useViewing(1))
    await vi.advanceTimersByTimeAsync(350)
    useViewers().hear(1, [{ id: 2, name: 'Li', typing: false }])
    release(json({ items: [{ id: 1, name: 'Lin', typing: false }], next: null }))
    await vi.advanceTimersByTimeAsync(10)
    expect(useViewers().of(1).map(({ name }) => name)).toEqual(['Li'])
    scope.stop()
  })

  it('and stays is announced, again and again, until they leave', async () => {
    const scope = effectScope()
    scope.run(() => useViewing(1))
    await vi.advanceTimersByTimeAsync(350)
    expect(told()).toEqual(['POST /conversations/1/viewing'])
    await vi.advanceTimersByTimeAsync(15_000)
    scope.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told()).toEqual(['POST /conversations/1/viewing', 'POST /conversations/1/viewing', 'DELETE /conversations/1/viewing'])
  })
})
