import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { usePresence } from '@/stores/presence'
import { useSession } from '@/stores/session'
import { remindedIn } from '@/text/events'
import { whyOf } from '@/text/routing'
import { message } from './samples'

const calls: { method: string; path: string; body: unknown }[] = []
let own = { chosen: 'online', status: 'online' }

beforeEach(() => {
  setActivePinia(createPinia())
  localStorage.clear()
  calls.length = 0
  own = { chosen: 'online', status: 'online' }
  vi.useFakeTimers()
  // The only tab there is gets the lock at once.
  const request = (_: string, __: unknown, run: () => Promise<void>): Promise<void> => run()
  Object.defineProperty(navigator, 'locks', { value: { request }, configurable: true })
  vi.stubGlobal('fetch', async (url: string, { method = 'GET', body }: { method?: string; body?: string } = {}) => {
    calls.push({ method, path: url.replace('/api/v1', ''), body: body ? JSON.parse(body) : undefined })
    const everyone = { items: [{ id: 1, name: 'Lin', status: 'offline', open: 2, load: 40 }, { id: 2, name: 'Bo', status: 'away', open: 0, load: 0 }], next: null }
    return new Response(JSON.stringify(method === 'GET' ? everyone : own), { status: 200, headers: { 'Content-Type': 'application/json' } })
  })
  useSession().me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'agent', teams: [] } as never
})

afterEach(() => {
  usePresence().stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const beats = (): unknown[] => calls.filter(({ method }) => method === 'POST').map(({ body }) => (body as { idle: number }).idle)

describe('presence', () => {
  it('tells the hub every half minute that the inbox is open, and since when nobody touched it', async () => {
    const presence = usePresence()
    presence.start()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(beats()).toEqual([0, 30, 60])
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(beats().at(-1)).toBe(30)
    presence.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(beats()).toHaveLength(4)
  })

  it('is back at the first key, not half a minute later', async () => {
    const presence = usePresence()
    own = { chosen: 'online', status: 'away' }
    presence.start()
    await vi.advanceTimersByTimeAsync(20_000)
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }))
    expect(beats()).toEqual([0, 0])
  })

  it('shows colleagues as the hub last told', async () => {
    const presence = usePresence()
    await presence.load()
    expect([presence.statusOf(1), presence.statusOf(2), presence.statusOf(3)]).toEqual(['offline', 'away', 'offline'])
    presence.hear(2, 'online')
    expect(presence.byId.get(2)).toMatchObject({ status: 'online', name: 'Bo' })
    own = { chosen: 'busy', status: 'busy' }
    await presence.choose('busy')
    expect(presence.statusOf(1)).toBe('busy')
  })
})

describe('what routing tells', () => {
  it('has a reason only where there is one', () => {
    expect(whyOf({ event: 'assigned', by: 'Bo' })).toBeNull()
    const why = whyOf({ event: 'assigned', agent_id: 1, why: { strategy: 'least_busy', team: 'sales', priority: 3, waited: 5, load: 20 } })
    expect(why).toMatchObject({ strategy: 'least_busy', priority: 3, skills: [], skipped: [], agent: 1, overflowOf: '', previous: false })
  })

  it('names who is reminded', () => {
    const line = message({ id: 1, kind: 'event', payload: { event: 'reminded', agent_id: 7 } })
    expect(remindedIn(line)).toEqual({ id: 7 })
    expect(remindedIn(message({ id: 2 }))).toBeNull()
  })
})
