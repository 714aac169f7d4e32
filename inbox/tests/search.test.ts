import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPinia, setActivePinia } from 'pinia'
import { effectScope } from 'vue'
import type { ContactHit, Hit, MessageHit } from '@/api/search'
import { useSearching } from '@/composables/searching'
import { useThreads } from '@/stores/threads'
import { askedIn, narrowed, pieces, queryOf, rowsOf, toHub, withRecent } from '@/text/search'
import { message } from './samples'

const said = (id: number, conversation = 1): MessageHit => ({
  kind: 'message',
  message: { id, direction: 'in', author: { kind: 'contact', id: 1, name: 'Wang' }, channel: 'shop', kind: 'text', sent_at: '', created_at: '' },
  conversation: { id: conversation, status: 'open', subject: '', channel: 'shop', team: 'sales', assignee: null, contact: { id: 1, name: 'Wang' }, last_activity_at: '' },
  found_in: 'text',
  excerpt: { text: 'refund', marks: [[0, 6]] },
})
const person = (id: number, conversation: number | null): ContactHit => ({
  kind: 'contact',
  contact: { id, name: 'Wang' },
  name: { text: 'Wang', marks: [[0, 4]] },
  addresses: [],
  conversation: conversation === null ? null : said(1, conversation).conversation,
})

describe('marks', () => {
  it.each([
    ['refund please', [[0, 6]], ['[refund]', ' please']],
    ['a refund', [[2, 8]], ['a ', '[refund]']],
    ['nothing', [], ['nothing']],
    ['\u{1F44D}\u{1F3FD}\u597d', [[2, 3]], ['\u{1F44D}\u{1F3FD}', '[\u597d]']],
    ['\u{20BB7}\u91CE', [[0, 1], [1, 2]], ['[\u{20BB7}]', '[\u91CE]']],
    ['', [], []],
  ] as [string, [number, number][], string[]][])('cuts %j', (text, marks, wanted) => {
    expect(pieces({ text, marks }).map((piece) => (piece.marked ? `[${piece.text}]` : piece.text))).toEqual(wanted)
  })
})

describe('the address bar', () => {
  it.each([
    [{ q: 'refund', channel: 'shop', has: 'attachment' }, { q: 'refund', channel: 'shop', has: 'attachment' }],
    [{ q: ['a', 'b'], kind: 'cars' }, { q: '' }],
    [{ status: 'closed', direction: 'up', has: 'x', agent: '1; drop', from: 'yesterday', to: '2026-13-45' }, { q: '' }],
    [{ q: 'x', agent: 'me', from: '2026-03-01' }, { q: 'x', agent: 'me', from: '2026-03-01' }],
    [{ q: 'x', message: '5', sort: 'relevance' }, { q: 'x', sort: 'relevance' }],
  ])('reads %j', (query, wanted) => {
    expect(askedIn(query)).toEqual(wanted)
    expect(askedIn(queryOf(askedIn(query)))).toEqual(wanted)
  })

  it('asks the hub for whole days of the reader', () => {
    const asked = toHub({ q: 'x', from: '2026-03-01', to: '2026-03-01' })
    expect(asked.from).toBe(new Date(2026, 2, 1).toISOString())
    expect(asked.to).toBe(new Date(2026, 2, 2).toISOString())
  })

  it('knows what narrows a search', () => {
    expect(narrowed({ q: 'x' })).toBe(false)
    expect(narrowed({ q: 'x', sort: 'relevance' })).toBe(false)
    expect(narrowed({ q: 'x', has: 'attachment' })).toBe(true)
  })
})

describe('rows', () => {
  it('joins hits of one conversation that follow each other, and shows none twice', () => {
    const rows = rowsOf([person(1, 7), person(2, null), said(9, 7), said(8, 7), said(6, 3), said(5, 7), said(9, 7)])
    expect(rows.map((row) => [row.key, row.to, row.type === 'message' && row.again])).toEqual([
      ['c-1', '/inbox/all/7', false],
      ['c-2', '', false],
      ['m-9', '/inbox/all/7?message=9', false],
      ['m-8', '/inbox/all/7?message=8', true],
      ['m-6', '/inbox/all/3?message=6', false],
      ['m-5', '/inbox/all/7?message=5', false],
    ])
  })

  it('remembers the last searches once each', () => {
    expect(withRecent(['a', 'b'], 'b')).toEqual(['b', 'a'])
    expect(withRecent(['a'], '')).toEqual(['a'])
    expect(withRecent([...'12345678'], '9')).toEqual([...'91234567'])
  })
})

describe('searching while somebody types', () => {
  let asked: { url: string; signal: AbortSignal; answer: (items: Hit[], next?: string | null) => void }[]
  let scope: ReturnType<typeof effectScope>

  beforeEach(() => {
    vi.useFakeTimers()
    asked = []
    scope = effectScope()
    vi.stubGlobal('fetch', (url: string, { signal }: { signal: AbortSignal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
        asked.push({ url, signal, answer: (items, next = null) => resolve(new Response(JSON.stringify({ items, next }))) })
      }),
    )
  })
  afterEach(() => {
    scope.stop()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  const settled = () => vi.advanceTimersByTimeAsync(0)

  it('waits for a pause, and calls off what is no longer asked', async () => {
    const searching = scope.run(useSearching)!
    searching.ask({ q: 'r' })
    searching.ask({ q: 're' })
    await vi.advanceTimersByTimeAsync(300)
    expect(asked.map(({ url }) => url)).toEqual(['/api/v1/search?q=re'])
    searching.ask({ q: 'ref' })
    expect(asked[0]!.signal.aborted).toBe(true)
    await vi.advanceTimersByTimeAsync(300)
    asked[0]!.answer([said(1)])
    await settled()
    expect(searching.hits.value).toEqual([])
    expect(searching.error.value).toBeNull()
    asked[1]!.answer([said(2)], 'more')
    await settled()
    expect(searching.hits.value.map((hit) => hit.kind === 'message' && hit.message.id)).toEqual([2])
    searching.more()
    asked[2]!.answer([said(1)])
    await settled()
    expect(searching.hits.value).toHaveLength(2)
    searching.more()
    expect(asked).toHaveLength(3)
  })

  it('says what went wrong, and forgets everything with the question', async () => {
    const searching = scope.run(useSearching)!
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"code":"search_too_broad"}', { status: 422 })))
    searching.ask({ q: 'x' }, 0)
    await settled()
    expect(searching.error.value?.code).toBe('search_too_broad')
    searching.ask({ q: ' ' })
    expect([searching.error.value, searching.loading.value, searching.answered.value]).toEqual([null, false, null])
  })
})

describe('a thread opened at an old message', () => {
  beforeEach(() => setActivePinia(createPinia()))
  afterEach(() => vi.unstubAllGlobals())

  const answers = (...pages: unknown[]): string[] => {
    const urls: string[] = []
    vi.stubGlobal('fetch', (url: string) => {
      urls.push(url)
      return Promise.resolve(new Response(JSON.stringify(pages.shift())))
    })
    return urls
  }
  const ids = (store: ReturnType<typeof useThreads>): number[] => store.get(1).messages.map(({ id }) => id)

  it('hears no news until its end is here, and goes there at once', async () => {
    const store = useThreads()
    const urls = answers(
      { items: [message({ id: 4 }), message({ id: 5 })], next: 4, newer: 5 },
      { items: [message({ id: 6 })], next: 6, newer: null },
      { items: [message({ id: 8 }), message({ id: 9 })], next: 8, newer: null },
    )
    await store.loadAround(1, 5)
    store.hear(message({ id: 9 }))
    expect(ids(store)).toEqual([4, 5])
    await store.load(1, 'newer')
    expect([ids(store), store.get(1).after]).toEqual([[4, 5, 6], 6])
    await store.load(1, 'newest')
    expect([ids(store), store.get(1).after, store.get(1).before]).toEqual([[8, 9], null, 8])
    expect(urls.map((url) => url.split('?')[1])).toEqual(['limit=50&around=5', 'limit=50&after=5', 'limit=50'])
    store.hear(message({ id: 10 }))
    expect(ids(store)).toEqual([8, 9, 10])
  })

  it('opens at its end where the message has gone elsewhere', async () => {
    const store = useThreads()
    const pages: [unknown, number][] = [[{ code: 'invalid' }, 422], [{ items: [message({ id: 3 })], next: null }, 200]]
    vi.stubGlobal('fetch', () => {
      const [body, status] = pages.shift()!
      return Promise.resolve(new Response(JSON.stringify(body), { status }))
    })
    await store.loadAround(1, 99)
    expect([ids(store), store.get(1).error, store.get(1).loaded]).toEqual([[3], null, true])
  })
})
