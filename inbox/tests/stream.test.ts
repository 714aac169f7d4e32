import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { delayBefore } from '@/live/backoff'
import { Stream, type LinkState, type LiveEvent } from '@/live/stream'

class Source extends EventTarget {
  static readonly OPEN = 1
  static all: Source[] = []
  readyState = 0
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  constructor(readonly url: string) {
    super()
    Source.all.push(this)
  }
  open(): void {
    this.readyState = 1
    this.onopen?.()
  }
  say(name: string, id: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId: id }))
  }
  close(): void {
    this.readyState = 2
  }
}

let events: LiveEvent[] = []
let states: LinkState['kind'][] = []
let failures: number[] = []
let online = true

function stream(): Stream {
  const hooks = {
    event: (event: LiveEvent) => void events.push(event),
    state: (state: LinkState) => void states.push(state.kind),
    failed: (attempt: number) => void failures.push(attempt),
  }
  const parts = { open: (url: string) => new Source(url) as unknown as EventSource, random: () => 1, isOnline: () => online }
  return new Stream('/stream', hooks, '', parts)
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', Source)
  Source.all = []
  events = []
  states = []
  failures = []
  online = true
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the wait before the next try', () => {
  it('doubles from one second to thirty and stays there', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 500].map((attempt) => delayBefore(attempt, () => 1))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ])
  })

  it('is spread over its second half', () => {
    expect(delayBefore(3, () => 0)).toBe(4_000)
  })
})

describe('the stream', () => {
  it('asks for everything again when it has nothing to resume from', () => {
    stream().start()
    Source.all[0]!.open()
    expect(events.map(({ name }) => name)).toEqual(['resync'])
  })

  it('resumes after the last event it heard', () => {
    stream().start()
    Source.all[0]!.open()
    Source.all[0]!.say('message', '17-0', { message: {} })
    Source.all[0]!.onerror?.()
    vi.advanceTimersByTime(1_000)
    expect(Source.all[1]!.url).toBe('/stream?after=17-0')
    Source.all[1]!.open()
    expect(events.filter(({ name }) => name === 'resync').length).toBe(1)
  })

  it('resumes after the id of a ping, too', () => {
    stream().start()
    Source.all[0]!.open()
    Source.all[0]!.say('ping', '21-0', {})
    Source.all[0]!.onerror?.()
    vi.advanceTimersByTime(1_000)
    expect(Source.all[1]!.url).toBe('/stream?after=21-0')
  })

  it('never gives up', () => {
    stream().start()
    for (let round = 0; round < 100; round += 1) {
      Source.all.at(-1)!.onerror?.()
      vi.advanceTimersByTime(30_000)
    }
    expect(Source.all.length).toBe(101)
    expect(failures.length).toBe(100)
  })

  it('takes 45 seconds of silence for a dead connection, and a ping for a live one', () => {
    stream().start()
    Source.all[0]!.open()
    vi.advanceTimersByTime(40_000)
    Source.all[0]!.say('ping', '', {})
    vi.advanceTimersByTime(40_000)
    expect(states.at(-1)).toBe('live')
    vi.advanceTimersByTime(5_000)
    expect(states.at(-1)).toBe('waiting')
  })

  it('does not wait when the tab comes back', () => {
    const live = stream()
    live.start()
    Source.all[0]!.onerror?.()
    live.hurry()
    expect(Source.all.length).toBe(2)
  })

  it('leaves a working connection alone when the tab comes back', () => {
    const live = stream()
    live.start()
    Source.all[0]!.open()
    live.hurry()
    expect(Source.all.length).toBe(1)
  })

  it('says offline, opens nothing, and comes back', () => {
    online = false
    const live = stream()
    live.start()
    expect(Source.all.length).toBe(0)
    expect(states.at(-1)).toBe('offline')
    online = true
    live.restart()
    expect(Source.all.length).toBe(1)
  })

  it('hears nothing from a source it has left', () => {
    const live = stream()
    live.start()
    const old = Source.all[0]!
    live.restart()
    old.say('message', '5', { message: {} })
    expect(events).toEqual([])
    expect(live.lastId).toBe('')
  })
})
