import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useConversations } from '@/stores/conversations'
import { useNotifications } from '@/stores/notifications'
import { VIEWS } from '@/stores/order'
import { useSelection } from '@/stores/selection'
import { filterIn } from '@/text/filters'
import { fieldValue, naps } from '@/text/snoozing'

interface Asked {
  url: string
  body: { ids: number[]; action: string }
}

const asked: Asked[] = []
let answer: (asked: Asked) => Response = () => json({ items: [] })
const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })
const settled = ({ body }: Asked): Response => json({ items: body.ids.map((id) => ({ id, ok: true, problem: null })) })

beforeEach(() => {
  setActivePinia(createPinia())
  asked.length = 0
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const one = { url, body: init.body ? JSON.parse(String(init.body)) : null }
    asked.push(one)
    return answer(one)
  })
})
afterEach(() => vi.unstubAllGlobals())

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1)

describe('what is ticked', () => {
  it('is one row, a range from the last one, or all', () => {
    const store = useSelection()
    store.toggle(3)
    store.extend([1, 2, 3, 4, 5], 5)
    expect(store.ids).toEqual([3, 4, 5])
    store.toggle(4)
    expect(store.ids).toEqual([3, 5])
    store.extend([1, 2, 3, 4, 5], 2)
    expect([...store.ids].sort()).toEqual([2, 3, 4, 5])
  })

  it('begins where there is nothing to begin a range from', () => {
    const store = useSelection()
    store.extend([1, 2, 3], 2)
    expect(store.ids).toEqual([2])
  })
})

describe('the same with many', () => {
  it('goes out twenty at a time, and is ticked no longer once done', async () => {
    answer = settled
    const store = useSelection()
    store.choose(upTo(45))
    const run = await store.apply({ action: 'snooze', until: null })
    expect(asked.map(({ body }) => body.ids.length)).toEqual([20, 20, 5])
    expect(run).toMatchObject({ state: 'done', done: 45, total: 45, failed: [] })
    expect(store.ids).toEqual([])
  })

  it('keeps ticked what could not be done, and why', async () => {
    answer = ({ body }) =>
      json({ items: body.ids.map((id) => ({ id, ok: id !== 2, problem: id === 2 ? { code: 'resolved', detail: '' } : null })) })
    const store = useSelection()
    store.choose([1, 2, 3])
    const run = await store.apply({ action: 'resolve', disposition: '' })
    expect(run.failed).toEqual([{ id: 2, ok: false, problem: { code: 'resolved', detail: '' } }])
    expect(store.ids).toEqual([2])
  })

  it('goes on where one request got no answer', async () => {
    answer = (one) => (one.body.ids.includes(1) ? json({ code: 'database_away' }, 503) : settled(one))
    const store = useSelection()
    store.choose(upTo(30))
    const run = await store.apply({ action: 'read' })
    expect(run.failed.map(({ problem }) => problem?.code)).toEqual(Array(20).fill('database_away'))
    expect(store.ids).toEqual(upTo(20))
  })

  it('stops between two requests when asked to', async () => {
    const store = useSelection()
    answer = (one) => {
      store.cancel()
      return settled(one)
    }
    store.choose(upTo(50))
    const run = await store.apply({ action: 'label', labels: ['vip'] })
    expect(run).toMatchObject({ state: 'cancelled', done: 20, total: 50 })
    expect(store.ids.length).toBe(30)
  })
})

describe('lists', () => {
  it('have one name for one filter, and the standard ones their own', () => {
    const store = useConversations()
    expect(store.listOf(VIEWS.waiting)).toBe('waiting')
    const name = store.listOf({ ...VIEWS.all, labels: ['vip'] })
    expect(store.listOf({ ...VIEWS.all, labels: ['vip'] })).toBe(name)
    expect(store.viewAt(name).filter.labels).toEqual(['vip'])
  })

  it('are forgotten when there were many since', () => {
    const store = useConversations()
    const first = store.listOf({ q: '0' })
    for (const n of upTo(12)) store.listOf({ q: String(n) })
    expect(store.views[first]).toBeUndefined()
    expect(store.views.mine).toBeDefined()
  })

  it('are narrowed by the address, as far as it makes sense', () => {
    expect(filterIn({ labels: 'a,b', priority: '3,9', assignee: 'bo', unread: 'true', sort: 'random', q: '' })).toEqual({
      labels: ['a', 'b'],
      priority: [3],
      unread: true,
    })
  })
})

describe('naps', () => {
  const days = (now: Date): string[] => naps(now).map(({ nap, until }) => `${nap} ${fieldValue(until)}`)

  it('lie ahead, in the agent’s own time', () => {
    expect(days(new Date(2026, 10, 25, 10, 7))).toEqual([
      'laterToday 2026-11-25T13:15', 'tomorrow 2026-11-26T09:00', 'monday 2026-11-30T09:00',
    ])
  })

  it('are each there once: late in the evening, and on Sundays', () => {
    expect(days(new Date(2026, 10, 25, 22, 30))).toEqual(['tomorrow 2026-11-26T09:00', 'monday 2026-11-30T09:00'])
    expect(days(new Date(2026, 10, 29, 12, 0))).toEqual(['laterToday 2026-11-29T15:00', 'tomorrow 2026-11-30T09:00'])
    expect(days(new Date(2026, 10, 30, 12, 0)).at(-1)).toBe('monday 2026-12-07T09:00')
  })
})

describe('notifications', () => {
  it('are seen with their conversation', async () => {
    const one = { id: 5, kind: 'mention', conversation: { id: 7, name: 'Wang' }, message_id: 1, text: 'hi', payload: {}, created_at: '', seen_at: null }
    answer = ({ url }) => json(url.includes('?') || url.endsWith('/notifications') ? { items: [one], next: null } : { unseen: url.endsWith('seen') && !url.endsWith('unseen') ? 0 : 1 })
    const store = useNotifications()
    await store.load()
    await store.refresh()
    expect(store.unseen).toBe(1)
    await store.see({ conversation: 7 })
    expect(store.unseen).toBe(0)
    expect(store.items[0]?.seen_at).not.toBeNull()
  })
})
