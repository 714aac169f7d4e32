/** The bar, the card and the picker of approved texts as an agent meets them. */
import { createPinia, setActivePinia } from 'pinia'
import { TooltipProvider } from 'reka-ui'
import { createApp, h, nextTick, ref, type App, type Component } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Call, TemplateForm, TemplateUse } from '@/api/types'
import TemplatePicker from '@/components/composer/TemplatePicker.vue'
import CallBar from '@/components/shell/CallBar.vue'
import CallCard from '@/components/thread/CallCard.vue'
import { i18n, loadAreas, switchLocale } from '@/i18n'
import { useCalls } from '@/stores/calls'
import { useDirectory } from '@/stores/directory'
import { useSession } from '@/stores/session'
import { useToasts } from '@/stores/toasts'
import { call, leg, message } from './samples'

const me = { id: 5, name: '小林' }
const asked: string[] = []
let refusal: object | null = null
let app: App | undefined
let root: HTMLElement

async function mount(component: Component, props: Record<string, unknown> = {}): Promise<void> {
  app = createApp({ render: () => h(TooltipProvider, () => h(component, props)) })
  app.use(i18n).mount(root)
  await nextTick()
}

const words = (): string => (root.textContent ?? '').replace(/\s+/g, ' ').trim()
const button = (name: string): HTMLButtonElement | undefined =>
  [...root.querySelectorAll('button')].find((one) => (one.getAttribute('aria-label') ?? one.textContent?.trim()) === name)

beforeEach(async () => {
  const pinia = createPinia()
  setActivePinia(pinia)
  localStorage.clear()
  asked.length = 0
  refusal = null
  root = document.body.appendChild(document.createElement('div'))
  vi.useFakeTimers({ now: Date.parse('2026-03-01T12:01:40Z'), toFake: ['Date', 'setInterval', 'clearInterval'] })
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push(`${init.method} ${url.replace('/api/v1', '')}${(init.body as string | undefined) ?? ''}`)
    return refusal ? new Response(JSON.stringify(refusal), { status: 409 }) : new Response(JSON.stringify(call()))
  })
  await loadAreas('common', 'thread', 'call', 'errors')
  await switchLocale('en')
  useSession().me = { ...me, email: 'agent@example.com', role: 'agent', teams: ['sales'] }
})

afterEach(() => {
  app?.unmount()
  root.remove()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the bar', () => {
  const talking = (part: Partial<Call> = {}) =>
    call({ state: 'talking', agent: me, answered_at: '2026-03-01T12:01:00Z', legs: [leg({ device: 'phone', state: 'answered' })], ...part })

  it('is not there while nobody calls', async () => {
    await mount(CallBar)
    expect(words()).toBe('')
  })

  it('shows who has waited longest, and how many do', async () => {
    useCalls().hear(call({ id: 2, queued_at: '2026-03-01T12:01:00Z', contact: { id: 4, name: 'Alex' } }))
    useCalls().hear(call())
    await mount(CallBar)
    expect(words()).toBe('小明2 callers wait1:10Take')
    button('Take')!.click()
    expect(asked).toEqual(['POST /calls/1/take{}'])
  })

  it('holds, and hangs up; a phone mutes itself', async () => {
    useCalls().hear(talking())
    await mount(CallBar)
    expect(words()).toBe('小明Talking0:40Hang up')
    expect(button('Mute')).toBeUndefined()
    button('Hold')!.click()
    button('Hang up')!.click()
    expect(asked).toEqual(['POST /calls/1/hold{"on":true}', 'POST /calls/1/hang-up{}'])
    useCalls().hear(talking({ held: true }))
    await nextTick()
    expect(button('Resume')!.getAttribute('aria-pressed')).toBe('true')
  })

  it('offers no mute for a call that another window has', async () => {
    useCalls().hear(talking({ legs: [leg({ state: 'answered' })] }))
    await mount(CallBar)
    expect([button('Mute'), button('Keypad')]).toEqual([undefined, undefined])
  })

  it('passes on to colleagues only', async () => {
    useDirectory().agents = [{ ...me, role: 'agent' }]
    useCalls().hear(talking())
    await mount(CallBar)
    expect(button('Pass on')).toBeUndefined()
    useDirectory().agents = [{ ...me, role: 'agent' }, { id: 6, name: '小李', role: 'agent' }]
    await nextTick()
    expect(button('Pass on')).toBeDefined()
  })

  it.each([
    [{ code: 'taken', by: '小李' }, '小李 has taken this call: nothing more to do'],
    [{ code: 'too_many', after: '61' }, 'This customer got as many messages as we allow: send the next in 2m'],
    [{ code: 'too_many' }, 'This customer got as many messages as we allow: try again later'],
  ])('says why not: %j', async (problem, said) => {
    refusal = problem
    useCalls().hear(call())
    await mount(CallBar)
    button('Take')!.click()
    await vi.waitFor(() => expect(useToasts().toasts.map(({ text }) => text)).toEqual([said]))
  })
})

describe('the card', () => {
  const show = async (part: Partial<Call>, payload: object = {}): Promise<string> => {
    const shown = call(part)
    await mount(CallCard, { call: shown, message: message({ id: 1, kind: 'call', payload: { call: shown, ...payload } }) })
    return words()
  }

  it.each<[string, Partial<Call>]>([
    ['Waiting for a person1:10Incoming call+85251230001phone1. in line Take Hang up', {}],
    ['Your phone rings1:40Outgoing call+85251230001phone Hang up', { state: 'calling', direction: 'out', agent: me, queued_at: null, position: null }],
    ['The phone of 小李 rings1:40Outgoing call+85251230001phone', { state: 'calling', direction: 'out', agent: { id: 6, name: '小李' }, queued_at: null, position: null }],
    ['Answered Incoming call+85251230001phonewith 小李talked 2:00waited 0:30', { state: 'ended', outcome: 'answered', agent: { id: 6, name: '小李' }, answered_at: '2026-03-01T12:01:00Z', ended_at: '2026-03-01T12:03:00Z' }],
    ['Hung up while waiting Incoming call+85251230001phonelasted 1:30waited 1:00', { state: 'ended', outcome: 'abandoned', ended_at: '2026-03-01T12:01:30Z' }],
  ])('%s', async (expected, part) => {
    expect((await show(part)).replace(/\s/g, '')).toBe(expected.replace(/\s/g, ''))
  })

  it('folds what a machine wrote down of a long talk', async () => {
    await show({ state: 'ended', outcome: 'answered' }, { transcript: 'a'.repeat(400) })
    expect(words()).not.toContain('a'.repeat(200))
    button('Show all')!.click()
    await nextTick()
    expect(words()).toContain('a'.repeat(400))
  })
})

describe('the picker of approved texts', () => {
  const shipped: TemplateForm = { name: 'shipped', text: 'Order ${order} left: ${parcel}', fields: ['order', 'parcel'] }
  const used = ref<TemplateUse | null>(null)
  const sent = vi.fn()

  const show = (templates: TemplateForm[] = [shipped]): Promise<void> => {
    sent.mockClear()
    return mount(TemplatePicker, {
      conversation: 1,
      templates,
      modelValue: used.value,
      'onUpdate:modelValue': (value: TemplateUse | null) => (used.value = value),
      onSend: sent,
    })
  }

  async function type(index: number, text: string): Promise<HTMLInputElement> {
    const field = root.querySelectorAll<HTMLInputElement>('input')[index]!
    field.value = text
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await nextTick()
    return field
  }

  const enter = (field: HTMLInputElement): boolean => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))

  it('fills the gaps one after the other, and sends from the last', async () => {
    await show()
    const order = await type(0, '88')
    expect(words()).toContain('Order 88 left: ${parcel}')
    expect(used.value).toBeNull()
    enter(order)
    expect(sent).not.toHaveBeenCalled()
    const parcel = await type(1, 'SF99')
    expect(document.activeElement).toBe(parcel)
    expect(used.value).toEqual({ name: 'shipped', fields: { order: '88', parcel: 'SF99' } })
    enter(parcel)
    expect(sent).toHaveBeenCalledOnce()
  })

  it('says so where there are none', async () => {
    await show([])
    expect(words()).toContain('has none yet')
    expect(root.querySelector('select')).toBeNull()
  })
})
