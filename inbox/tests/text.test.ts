import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Delivery } from '@/api/types'
import { detourOf, markOf } from '@/text/deliveries'
import { departure, ERASABLE, EVENTS, eventSentence, rewrites } from '@/text/events'
import { coordinates, mapAddress, menuOf, placeOf } from '@/text/payloads'
import { FACTS, factsOf, HINTS, hintsOf, languageName, SCENES } from '@/text/people'
import { standing } from '@/text/standing'
import { timeline } from '@/text/timeline'
import { acceptOf, fileRefusal } from '@/text/uploads'
import { message, minute, reply as sample } from './samples'

type Sentences = { [key: string]: string | Sentences }

const sentences = (area: string): Sentences =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../src/locales/zh-CN/${area}.json`), 'utf8')) as Sentences

const under = (area: string, path: string): string[] =>
  Object.keys(path.split('.').reduce((at, part) => at[part] as Sentences, sentences(area)))

const event = (id: number, name: string) =>
  message({ id, kind: 'event', direction: 'note', text: '', payload: { event: name } })

describe('events', () => {
  it.each([
    [{ event: 'left' }, 'left'],
    [{ event: 'followed' }, 'followed'],
    [{ event: 'followed', scene: 'till-7' }, 'followedByScan'],
    [{ event: 'entered', session_from: 'cart' }, 'entered'],
    [{ event: 'entered', scene: 123 }, 'enteredByScan'],
    [{ event: 'menu' }, 'menu'],
    [{ event: 'menu', key: 'ORDERS' }, 'menuKey'],
    [{ event: 'menu', key: 'SCAN', scanned: 'QR,1' }, 'menuScanned'],
    [{ event: 'held', by: 'lin@shop' }, 'heldBy'],
    [{ event: 'held', by: null }, 'held'],
    [{ event: 'erased', what: ['everything'] }, 'erased'],
    [{ event: 'erased' }, 'erased'],
    [{ event: 'erased', what: ['phone', 'files'] }, 'erasedParts'],
    [{ event: 'assigned', agent: 'Li' }, 'assigned'],
    [{ event: 'assigned', agent: null }, 'unassigned'],
    [{ event: 'teleported' }, 'other'],
    [{ event: 'constructor' }, 'other'],
    [{ event: { name: 'odd' } }, 'unnamed'],
    [{}, 'unnamed'],
  ])('%j is said by %s', (payload, key) => {
    expect(eventSentence(payload).key).toBe(key)
  })

  it('have a sentence each, and so has whatever can be erased', () => {
    expect(under('thread', 'event')).toEqual(expect.arrayContaining([...EVENTS, 'other', 'unnamed']))
    expect(under('thread', 'erased')).toEqual(ERASABLE)
  })

  it('offer erasure at the last departure, unless the customer came back or is erased', () => {
    const left = event(2, 'left')
    expect(departure([message({ id: 1 }), left, event(3, 'resolved')])).toBe(2)
    expect(departure([left, event(3, 'followed')])).toBeNull()
    expect(departure([left, message({ id: 3 })])).toBeNull()
    expect(departure([left, event(3, 'erased')])).toBeNull()
    expect(departure([])).toBeNull()
  })

  it('tell when nothing held of the thread may stay', () => {
    expect(['erased', 'merged', 'unmerged', 'left'].map((name) => rewrites(event(1, name)))).toEqual([true, true, true, false])
    expect(rewrites(message({ id: 1, payload: { event: 'erased' } }))).toBe(false)
  })
})

describe('places', () => {
  const place = { latitude: 31.2304, longitude: 121.4737, label: 'People & Square' }

  it('are only what can be on a map', () => {
    expect(placeOf({ latitude: 31.2304, longitude: '121.4737', label: 'People & Square', scale: 15 })).toEqual(place)
    expect([{}, { latitude: 91, longitude: 0 }, { latitude: '', longitude: 0 }, { latitude: 'x', longitude: 0 }, null].map(placeOf)).toEqual(
      [null, null, null, null, null],
    )
  })

  it('open in the map the reader uses', () => {
    expect(mapAddress(place, 'zh-CN')).toBe('https://uri.amap.com/marker?position=121.4737,31.2304&name=People%20%26%20Square')
    expect(mapAddress(place, 'en')).toBe('https://www.openstreetmap.org/?mlat=31.2304&mlon=121.4737#map=16/31.2304/121.4737')
    expect(coordinates({ ...place, latitude: 31.23040000001 })).toBe('31.2304, 121.4737')
  })
})

describe('menus', () => {
  it('are shown by their choices, and without any not at all', () => {
    expect(menuOf({ head: 'How was it?', choices: [{ id: 1, text: 'Good' }, { id: '2', text: '' }, 'bad'], tail: '' })).toEqual({
      head: 'How was it?',
      choices: [{ id: '1', text: 'Good' }],
      tail: '',
    })
    expect([{}, { choices: 'x' }, { choices: [] }].map(menuOf)).toEqual([null, null, null])
  })
})

describe('deliveries', () => {
  const delivery = (state: Delivery['state'], code?: string): Delivery => ({
    state,
    attempts: 0,
    error: code ? { code, reason: '' } : null,
  })

  it.each([
    [delivery('queued'), true, 'queued'],
    [delivery('queued', 'rate_limited'), true, 'queued'],
    [delivery('queued', 'window_closed'), true, 'waiting'],
    [delivery('queued', 'passive'), false, 'waiting'],
    [delivery('failed', 'window_closed'), true, 'failed'],
    [delivery('read'), true, 'read'],
    [delivery('read'), false, 'sent'],
  ] as const)('%j, receipts %s: %s', (given, receipts, mark) => {
    expect(markOf(given, receipts)).toBe(mark)
  })

  it.each([
    [{ via: 'notice', reason: 'window_closed' }, delivery('queued', 'window_closed'), 'notice'],
    [{ via: 'notice', reason: 'window_closed' }, delivery('sent'), 'noticeDone'],
    [{ via: 'channel', reason: 'window_closed', channel: 'sms' }, delivery('sent'), 'channel'],
    [{ via: 'wait', reason: 'passive' }, delivery('queued', 'passive'), 'wait'],
    [{ via: 'wait', reason: 'passive' }, delivery('sent'), 'waitDone'],
    [{ via: 'wait', reason: 'passive' }, delivery('cancelled'), undefined],
    [{ via: 'pigeon' }, delivery('sent'), undefined],
    [null, delivery('sent'), undefined],
    ['notice', delivery('sent'), undefined],
  ])('%j while %j: %s', (fallback, given, key) => {
    expect(detourOf(message({ id: 1, payload: { fallback }, delivery: given }))?.key).toBe(key)
  })
})

describe('what may be written', () => {
  const reply = sample()
  const at = (n: number): number => Date.parse(minute(n))
  const allowance = { left: 3, limit: 5, until: minute(10) }

  it('is open while the hub says so and the allowance lasts', () => {
    expect(standing(reply, allowance, at(9), at(0))).toEqual({ kind: 'open' })
    expect(standing(reply, null, at(9), at(0))).toEqual({ kind: 'open' })
    expect(standing(undefined, allowance, at(99), at(0))).toEqual({ kind: 'open' })
  })

  it('closes when the allowance ends, without being told', () => {
    expect(standing(reply, allowance, at(10), at(0))).toEqual({ kind: 'blocked', reason: 'window_closed' })
    expect(standing({ ...reply, fallback: ['notice', 'wait'] }, allowance, at(10), at(0))).toEqual({
      kind: 'detour',
      reason: 'window_closed',
      via: ['notice', 'wait'],
    })
  })

  it('believes the hub where our own clock is ahead', () => {
    expect(standing(reply, allowance, at(30), at(20))).toEqual({ kind: 'open' })
  })

  it('says the way round when the straight one is closed', () => {
    const closed = { ...reply, reason: 'passive' as const, fallback: [] }
    expect(standing(closed, null, at(0), at(0))).toEqual({ kind: 'detour', reason: 'passive', via: ['wait'] })
    expect(standing({ ...reply, allowed: false, reason: 'unreachable' }, null, at(0), at(0))).toEqual({ kind: 'blocked', reason: 'unreachable' })
    expect(standing({ ...reply, allowed: false }, null, at(0), at(0))).toEqual({ kind: 'blocked', reason: 'no_channel' })
  })
})

describe('what is known of a customer', () => {
  const time = (at: string): string => `at ${at}`

  it('names what WeChat tells, in a fixed order, and shows the rest as it came', () => {
    const told = { subscribe: 1, odd: { a: 1 }, qr_scene: 0, qr_scene_str: 'till-7', subscribe_time: 1795334400, subscribe_scene: 'ADD_SCENE_QR_CODE', tagid_list: [2, 128], remark: '' }
    expect(factsOf(told, time)).toEqual([
      { label: 'subscribe_scene', name: 'subscribe_scene', value: 'ADD_SCENE_QR_CODE', scene: 'ADD_SCENE_QR_CODE' },
      { label: 'subscribe_time', name: 'subscribe_time', value: 'at 2026-11-22T08:00:00.000Z' },
      { label: 'qr_scene_str', name: 'qr_scene_str', value: 'till-7' },
      { label: 'tagid_list', name: 'tagid_list', value: '2, 128' },
      { label: '', name: 'odd', value: '{"a":1}' },
    ])
    expect(factsOf({ subscribe_scene: 'ADD_SCENE_MARS', subscribe_time: 'soon' }, time)).toEqual([
      { label: 'subscribe_scene', name: 'subscribe_scene', value: 'ADD_SCENE_MARS' },
      { label: 'subscribe_time', name: 'subscribe_time', value: 'soon' },
    ])
    expect(factsOf(undefined, time)).toEqual([])
  })

  it('takes the context apart into hints', () => {
    const place = { latitude: 31, longitude: 121, label: '' }
    expect(hintsOf({ held_by: 'lin@shop', utm: 'x', menu: { key: 'ORDERS', scanned: 'A1' }, location: { latitude: 31, longitude: 121 }, scene: 'till-7' })).toEqual([
      { label: 'scene', name: 'scene', value: 'till-7' },
      { label: 'menu_key', name: 'menu_key', value: 'ORDERS' },
      { label: 'scanned', name: 'scanned', value: 'A1' },
      { label: 'location', name: 'location', value: '', place },
      { label: '', name: 'utm', value: 'x' },
    ])
  })

  it('has a word for each name', () => {
    expect(under('inbox', 'contact.fact')).toEqual(expect.arrayContaining([...FACTS, ...HINTS]))
    expect(under('inbox', 'contact.subscribed')).toEqual(SCENES)
  })

  it('says the language in the words of the reader, and an unknown one as it came', () => {
    expect(languageName('zh_TW', 'en')).toMatch(/Chinese/)
    expect(languageName('??', 'en')).toBe('??')
  })
})

describe('files', () => {
  const media = { audio: { bytes: 2_000_000, mimes: ['audio/amr', 'audio/mpeg'] } }

  it('are known by their ending where the browser has no type', () => {
    expect(fileRefusal({ type: '', name: 'a.AMR', size: 1 }, media)).toBeNull()
    expect(fileRefusal({ type: '', name: 'a', size: 1 }, media)).toEqual({ code: 'kind', kind: 'file' })
    expect(fileRefusal({ type: 'audio/ogg', name: 'a.ogg', size: 1 }, media)).toEqual({ code: 'mime' })
    expect(fileRefusal({ type: 'audio/amr', name: 'a.amr', size: 3_000_000 }, media)).toEqual({ code: 'tooBig', limit: 2_000_000 })
  })

  it('are asked for by type and by ending', () => {
    expect(acceptOf('audio', media.audio)).toBe('audio/amr,audio/mpeg,.amr,.mp3')
  })

  it('may be of any type where the channel names none', () => {
    const any = { bytes: 1_000, mimes: null }
    expect(fileRefusal({ type: '', name: 'a', size: 1 }, { file: any })).toBeNull()
    expect(fileRefusal({ type: 'image/heic', name: 'a.heic', size: 1 }, { image: any })).toBeNull()
    expect(fileRefusal({ type: 'image/heic', name: 'a.heic', size: 2_000 }, { image: any })).toEqual({ code: 'tooBig', limit: 1_000 })
    expect(fileRefusal({ type: 'image/heic', name: 'a.heic', size: 1 }, { file: any })).toEqual({ code: 'kind', kind: 'image' })
    expect([acceptOf('image', any), acceptOf('file', any)]).toEqual(['image/*', ''])
  })
})

describe('a thread over two channels', () => {
  it('starts a new run where the channel changes, so that each says by which it came', () => {
    const items = timeline([message({ id: 1 }), message({ id: 2 }), message({ id: 3, channel: 'service' })], [], null, false)
    expect(items.flatMap((item) => (item.type === 'message' ? [[item.message.id, item.opens, item.closes]] : []))).toEqual([
      [1, true, false],
      [2, false, true],
      [3, true, true],
    ])
  })
})
