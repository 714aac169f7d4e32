import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ABOUT, type NotificationChoices } from '@/api/attention'
import { chime, unlock } from '@/attention/chime'
import { bytes, told } from '@/attention/push'
import { soundOn, switchSound } from '@/preferences'
import { useAttention } from '@/stores/attention'
import { useConversations } from '@/stores/conversations'
import { usePresence } from '@/stores/presence'
import { useSession } from '@/stores/session'
import { conversation, message } from './samples'

const tones: number[] = []
const shown: { title: string; options: NotificationOptions }[] = []
let held: string[] = []
let visible: DocumentVisibilityState = 'visible'
let clock = Date.UTC(2026, 10, 22, 8, 30)

class Tone {
  frequency = { value: 0 }
  connect(): void {}
  start(): void {
    tones.push(this.frequency.value)
  }
  stop(): void {}
}

class Audio {
  state = 'running'
  currentTime = 0
  destination = {}
  resume = (): Promise<void> => Promise.resolve()
  createOscillator = (): Tone => new Tone()
  createGain = () => ({
    connect: () => undefined,
    gain: { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined, exponentialRampToValueAtTime: () => undefined },
  })
}

class Shown {
  static permission = 'granted'
  onclick: (() => void) | null = null
  constructor(title: string, options: NotificationOptions) {
    shown.push({ title, options })
  }
  close(): void {}
}

const choices: NotificationChoices = {
  about: Object.fromEntries(ABOUT.map((kind) => [kind, kind !== 'follow'])) as NotificationChoices['about'],
  show_content: false, quiet_from: null, quiet_to: null, public_key: 'BA',
}

function attention(part: Partial<NotificationChoices> = {}) {
  const store = useAttention()
  store.choices = { ...choices, ...part }
  return store
}

beforeEach(() => {
  setActivePinia(createPinia())
  localStorage.clear()
  switchSound(true)
  tones.length = shown.length = 0
  held = []
  visible = 'visible'
  clock += 60_000
  vi.useFakeTimers({ now: clock })
  vi.stubGlobal('AudioContext', Audio)
  vi.stubGlobal('Notification', Shown)
  Object.defineProperty(document, 'visibilityState', { get: () => visible, configurable: true })
  Object.defineProperty(navigator, 'locks', { value: { query: async () => ({ held: held.map((name) => ({ name })) }) }, configurable: true })
  useSession().me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'agent', teams: [] }
  unlock()
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const fresh = (id: number) => message({ id, created_at: new Date(clock).toISOString(), text: 'my card is 6222' })

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  await vi.dynamicImportSettled()
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

function mine(): void {
  useConversations().upsert(conversation({ id: 1, at: new Date(clock).toISOString(), assignee: { id: 1, name: 'Lin' } }))
}

describe('a sound', () => {
  it('is two tones, and many at once are one', () => {
    expect([chime(clock), chime(clock + 500), chime(clock + 2_500)]).toEqual([true, false, true])
    expect(tones.length).toBe(4)
  })

  it('is made for a message of my customer that I do not look at', async () => {
    mine()
    attention().hearMessage(fresh(10), null, true)
    await settled()
    expect(tones.length).toBe(2)
    expect(shown).toEqual([])
  })

  it.each([
    ['the conversation is open before me', () => attention().hearMessage(fresh(10), 1, true)],
    ['another tab speaks for all', () => attention().hearMessage(fresh(10), null, false)],
    ['I wrote it myself', () => attention().hearMessage({ ...fresh(10), direction: 'out' }, null, true)],
    ['it is old', () => attention().hearMessage(message({ id: 10 }), null, true)],
    ['I turned it off', () => (switchSound(false), attention().hearMessage(fresh(10), null, true))],
    ['I am away', () => ((usePresence().mine = { chosen: 'away', status: 'away' }), attention().hearMessage(fresh(10), null, true))],
    ['it is of a kind I do not want', () => attention().hear('follow', 1, null, true)],
    ['it is night', () => attention({ quiet_from: '00:00', quiet_to: '23:59' }).hearMessage(fresh(10), null, true)],
  ])('is not made where %s', async (_, happens) => {
    mine()
    happens()
    await settled()
    expect(tones).toEqual([])
  })

  it('is not made for conversations of others, nor twice for one message', async () => {
    const store = attention()
    useConversations().upsert(conversation({ id: 1, at: new Date(clock).toISOString(), assignee: { id: 2, name: 'Bo' } }))
    store.hearMessage(fresh(10), null, true)
    mine()
    store.hearMessage(fresh(10), null, true)
    await settled()
    expect(tones).toEqual([])
  })

  it('is asked for once', async () => {
    localStorage.removeItem('yizhan.sound')
    const store = attention()
    store.hear('mention', 1, null, true)
    await settled()
    vi.advanceTimersByTime(5_000)
    store.hear('mention', 1, null, true)
    await settled()
    expect(store.asked).toBe(1)
    expect(soundOn.value).toBe(true)
  })
})

describe('a word of the browser', () => {
  it('comes only while nobody looks at any tab', async () => {
    const store = attention()
    visible = 'hidden'
    held = ['yizhan-looking-1']
    store.hear('mention', 1, null, true)
    await settled()
    expect(shown).toEqual([])
    held = []
    store.hear('mention', 1, null, true)
    await settled()
    expect(shown.length).toBe(1)
  })

  it.each([[false], [true]])('says who and what only where the agent wants it: %s', async (show_content) => {
    mine()
    visible = 'hidden'
    attention({ show_content }).hearMessage(fresh(10), null, true)
    await settled()
    const { title, options } = shown[0]!
    expect([title.includes('Wang'), options.body === 'my card is 6222']).toEqual([show_content, show_content])
    expect(options.tag).toBe('c1')
  })
})

describe('a push', () => {
  it('tells the hub where the browser is reached', () => {
    const subscribed = { toJSON: () => ({ endpoint: 'https://push.example/1', keys: { p256dh: 'P', auth: 'A' } }) }
    expect(told(subscribed as unknown as PushSubscription, 'en')).toEqual({ endpoint: 'https://push.example/1', p256dh: 'P', auth: 'A', language: 'en' })
  })

  it('reads keys as they are written in addresses', () => {
    expect([...bytes('-_8')]).toEqual([251, 255])
  })

  it('is shown in the words of its language, and opens the conversation in the page there is', async () => {
    const handles = new Map<string, (event: unknown) => void>()
    const notified: [string, NotificationOptions][] = []
    const posted: unknown[] = []
    const page = { focus: async () => page, postMessage: (said: unknown) => posted.push(said) }
    vi.stubGlobal('self', {
      addEventListener: (name: string, handle: (event: unknown) => void) => handles.set(name, handle),
      registration: { showNotification: async (title: string, options: NotificationOptions) => void notified.push([title, options]) },
      clients: { matchAll: async () => [page], openWindow: async () => undefined },
    })
    await import('@/sw')
    const waits: Promise<unknown>[] = []
    const waitUntil = (work: Promise<unknown>): void => void waits.push(work)
    const push = (words: object): void => handles.get('push')!({ waitUntil, data: { json: () => words } })
    push({ about: 'message', conversation: 7, language: 'en' })
    push({ about: 'message', conversation: 7, language: 'en', name: 'Wang', text: 'hello' })
    push({ about: 'assigned', conversation: 8, language: 'en', name: 'Wang', text: '' })
    handles.get('notificationclick')!({ waitUntil, notification: { close: () => undefined, data: 7 } })
    await Promise.all(waits)
    expect(notified.map(([title, { body, tag }]) => [title, body, tag])).toEqual([
      ['A customer of yours wrote', '', 'c7'],
      ['Wang', 'hello', 'c7'],
      ['Wang', 'A conversation was given to you', 'c8'],
    ])
    expect(posted).toEqual([{ open: 7 }])
  })
})
