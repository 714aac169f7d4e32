import { createPinia, setActivePinia } from 'pinia'
import { nextTick } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MyPhone } from '@/api/types'
import type { SoftphoneHooks, SoftphoneState } from '@/phone/softphone'
import { useCalls } from '@/stores/calls'
import { usePhone } from '@/stores/phone'
import { useSession } from '@/stores/session'
import { call, leg } from './samples'

const softphone = vi.hoisted(() => ({
  accept: vi.fn(), reject: vi.fn(), mute: vi.fn(), digits: vi.fn(), hangUp: vi.fn(), stop: vi.fn(),
}))
const connect = vi.hoisted(() => vi.fn())
const tone = vi.hoisted(() => ({ ring: vi.fn(), startRinging: vi.fn(), stopRinging: vi.fn() }))
vi.mock('@/phone/softphone', () => ({ connect }))
vi.mock('@/phone/tone', () => tone)

let hooks: SoftphoneHooks
let driver = 'twilio'
let device: MyPhone['device'] = 'browser'
const phone = (): MyPhone => ({ device, phone: null, browser: true, channels: [{ name: 'phone', label: 'Hotline' }] })

const json = (body: unknown): Response => new Response(JSON.stringify(body))
const asked: string[] = []

function microphone(answer: () => Promise<unknown>): void {
  vi.stubGlobal('navigator', { ...navigator, mediaDevices: { getUserMedia: answer } })
}

async function tells(state: SoftphoneState): Promise<void> {
  hooks.state(state)
  await nextTick()
}

beforeEach(() => {
  setActivePinia(createPinia())
  vi.clearAllMocks()
  asked.length = 0
  driver = 'twilio'
  device = 'browser'
  connect.mockImplementation(async (_pass: unknown, given: SoftphoneHooks) => {
    hooks = given
    given.state('ready')
    return softphone
  })
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push(`${init.method} ${url}`)
    if (url.endsWith('/me/softphone')) return json({ driver, token: 't', expires_in: 3600, address: '' })
    if (init.method === 'PUT') device = (JSON.parse(init.body as string) as MyPhone).device
    return json(phone())
  })
  microphone(async () => ({ getTracks: () => [{ stop: () => undefined }] }))
  useSession().me = { id: 5, name: '小林', email: 'agent@example.com', role: 'agent', teams: ['sales'] }
})

afterEach(() => vi.unstubAllGlobals())

describe('a browser that rings', () => {
  it('waits for a click, with a tone', async () => {
    const store = usePhone()
    await store.load()
    useCalls().hear(call({ legs: [leg()] }))
    await tells('ringing')
    expect([store.isRinging, softphone.accept.mock.calls.length]).toEqual([true, 0])
    expect(tone.startRinging).toHaveBeenCalledOnce()
    store.accept()
    await tells('talking')
    expect(softphone.accept).toHaveBeenCalledOnce()
    expect(tone.stopRinging).toHaveBeenCalledOnce()
  })

  it.each([
    ['the hub tells first', false],
    ['it rings first', true],
  ])('takes up by itself what I asked for: %s', async (_name, ringsFirst) => {
    const store = usePhone()
    await store.load()
    if (ringsFirst) await tells('ringing')
    useCalls().hear(call({ legs: [leg({ state: 'placing' })] }))
    store.expect(1)
    await nextTick()
    if (!ringsFirst) await tells('ringing')
    expect(softphone.accept).toHaveBeenCalledOnce()
  })

  it('never takes up another call, though what I asked for never rang', async () => {
    const [store, calls] = [usePhone(), useCalls()]
    await store.load()
    calls.hear(call({ legs: [leg({ state: 'placing' })] }))
    store.expect(1)
    calls.hear(call({ legs: [leg({ state: 'ended' })] }))
    calls.hear(call({ id: 9, legs: [leg({ id: 30 })] }))
    await tells('ringing')
    expect(softphone.accept).not.toHaveBeenCalled()
    expect(store.isRinging).toBe(true)
  })

  it('is unmuted for the next call', async () => {
    const store = usePhone()
    await store.load()
    await tells('talking')
    store.mute(true)
    await tells('reconnecting')
    expect([store.muted, store.isTalking]).toEqual([true, true])
    await tells('ready')
    expect([store.muted, store.isTalking]).toEqual([false, false])
  })
})

describe('callers who wait', () => {
  it.each([
    ['browser', 1],
    ['phone', 1],
    ['off', 0],
  ] as const)('sound once for each who joins, where I take calls: %s', async (chosen, rings) => {
    device = chosen
    const calls = useCalls()
    await usePhone().load()
    calls.hear(call())
    await nextTick()
    calls.hear(call({ position: 2 }))
    await nextTick()
    expect(tone.ring).toHaveBeenCalledTimes(rings)
  })

  it('do not sound into my call', async () => {
    const calls = useCalls()
    await usePhone().load()
    calls.hear(call({ id: 4, state: 'talking', agent: { id: 5, name: '小林' }, legs: [leg({ state: 'answered' })] }))
    calls.hear(call())
    await nextTick()
    expect(tone.ring).not.toHaveBeenCalled()
  })
})

describe('choosing this browser', () => {
  it.each([
    ['NotAllowedError', 'microphone'],
    ['NotFoundError', 'noMicrophone'],
    ['NotReadableError', 'noMicrophone'],
    ['TypeError', 'insecure'],
  ])('says why it cannot be: %s', async (name, trouble) => {
    device = 'off'
    microphone(() => Promise.reject(Object.assign(new Error(), { name })))
    const store = usePhone()
    await store.choose('browser')
    expect([store.trouble, store.device]).toEqual([trouble, 'off'])
    expect(asked).not.toContain('PUT /api/v1/me/phone')
    await store.choose('phone')
    expect(store.trouble).toBe('')
  })

  it('needs no microphone where there is no sound', async () => {
    driver = 'simulator'
    microphone(() => Promise.reject(new Error()))
    const store = usePhone()
    await store.choose('browser')
    expect([store.trouble, store.state]).toEqual(['', 'ready'])
  })

  it('says when it cannot be rung, until it can', async () => {
    connect.mockRejectedValueOnce(new Error())
    const store = usePhone()
    await store.load()
    expect([store.trouble, store.state]).toEqual(['connection', 'lost'])
    await store.start()
    expect([store.trouble, store.state]).toEqual(['', 'ready'])
  })

  it('keeps saying that there was no microphone when the call is gone', async () => {
    const store = usePhone()
    await store.load()
    hooks.deaf()
    await tells('ready')
    expect(store.trouble).toBe('microphone')
  })
})
