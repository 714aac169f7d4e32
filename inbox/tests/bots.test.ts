/** What agents see of the bot: what it suggests, why it said something, thumbs, what it knew when it handed over. */
import { createPinia, setActivePinia } from 'pinia'
import { TooltipProvider } from 'reka-ui'
import { createApp, defineComponent, h, nextTick, shallowRef, type App, type Component } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Contact, Known, Message, Suggestions } from '@/api/types'
import BotMeant from '@/components/bot/BotMeant.vue'
import BotQuestions from '@/components/bot/BotQuestions.vue'
import BotTools from '@/components/bot/BotTools.vue'
import BotWhy from '@/components/bot/BotWhy.vue'
import MessageComposer from '@/components/composer/MessageComposer.vue'
import ContactTags from '@/components/contact/ContactTags.vue'
import VersionBanner from '@/components/shell/VersionBanner.vue'
import HandOverCard from '@/components/thread/HandOverCard.vue'
import { i18n, loadAreas, switchLocale } from '@/i18n'
import { useDrafts } from '@/stores/drafts'
import { useKnowledge } from '@/stores/knowledge'
import { useSession } from '@/stores/session'
import { useSuggestions } from '@/stores/suggestions'
import { useThreads } from '@/stores/threads'
import { useToasts } from '@/stores/toasts'
import {
  askedBefore, diffLines, fitted, handOverOf, matching, percent, ratingOf, recommended, stillAsked, suitesOf, tagProblem,
  tagsIn, turnOf,
} from '@/text/bots'
import { useWording } from '@/text/wording'
import { conversation, message, minute, reply } from './samples'

interface Asked {
  what: string
  body: unknown
}

const asked: Asked[] = []
let answers: Record<string, unknown> = {}
let app: App | undefined
let root: HTMLElement

const known = (part: Partial<Known> & { id: string }): Known => ({ kind: 'entry', question: part.id, answer: '', tags: [], ...part })
const KNOWLEDGE = [
  known({ id: 'refund', question: 'How do I get a refund?', answer: 'Open My orders.', tags: ['money'] }),
  known({ id: 'invoice', question: 'Can I have an invoice?' }),
  known({ id: 'flow:order', kind: 'flow', question: 'Where is my order?' }),
]

const bot = (part: Partial<Message> & { id: number }): Message =>
  message({ direction: 'out', author: { kind: 'bot', id: null, name: 'frontdesk' }, ...part })
const turn = {
  choice: 'invoice',
  candidates: [{ id: 'invoice', question: 'Can I have an invoice?', score: 0.74 }, { id: 'refund', question: 'How do I get a refund?', score: 0.6 }],
  steps: [
    { engine: 'keywords', made: 'passed', why: '', candidates: [] },
    { engine: 'knowledge 2', made: 'said', why: '', candidates: [{ id: 'invoice', question: 'Can I have an invoice?', score: 0.74 }] },
    { engine: 'oracle', made: 'shrugged', why: 'mercury', candidates: [] },
  ],
  sources: ['invoice', 'article:x'],
  version: 'a1b2c3',
}

const suggestions = (part: Partial<Suggestions> = {}): Suggestions => ({
  id: 9,
  message_id: 10,
  answers: [
    { id: 'refund', question: 'How do I get a refund?', text: 'Open My orders.', score: 0.81 },
    { id: 'invoice', question: 'Can I have an invoice?', text: 'Yes, in My orders.', score: 0.2 },
  ],
  recommendations: [],
  ...part,
})

async function mount(component: Component, props: Record<string, unknown> | (() => Record<string, unknown>) = {}): Promise<void> {
  // happy-dom loses the neighbours of a form, so it has none
  app = createApp({ render: () => h(TooltipProvider, () => h('div', h(component, typeof props === 'function' ? props() : props))) })
  app.component('RouterLink', defineComponent({ setup: (_, { slots }) => () => h('a', slots.default?.()) }))
  app.use(i18n).mount(root)
  await nextTick()
}

const words = (): string => (document.body.textContent ?? '').replace(/\s+/g, ' ').trim()
const button = (name: string): HTMLButtonElement =>
  [...document.querySelectorAll('button')].find((one) => (one.getAttribute('aria-label') ?? one.textContent?.replace(/\s+/g, ' ').trim() ?? '').includes(name))!
const press = async (target: Element, key: string, more: KeyboardEventInit = {}): Promise<void> => {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }))
  await nextTick()
}
const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 8; turns += 1) await new Promise((resolve) => setTimeout(resolve))
}
const sent = (what: string): unknown[] => asked.filter((each) => each.what === what).map(({ body }) => body)

beforeEach(async () => {
  setActivePinia(createPinia())
  localStorage.clear()
  asked.length = 0
  answers = { 'GET /knowledge': { items: KNOWLEDGE, next: null } }
  root = document.body.appendChild(document.createElement('div'))
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const what = `${init.method} ${url.replace('/api/v1', '')}`
    asked.push({ what, body: init.body ? JSON.parse(init.body as string) : undefined })
    const answer = answers[what]
    if (answer instanceof Response) return answer.clone()
    return new Response(JSON.stringify(answer ?? { items: [], next: null }))
  })
  await loadAreas('common', 'inbox', 'thread', 'errors', 'bot')
  await switchLocale('en')
  useSession().me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'agent', teams: [] }
})

afterEach(() => {
  app?.unmount()
  app = undefined
  root.remove()
  vi.unstubAllGlobals()
})

describe('payloads of the bot', () => {
  it('are read with whatever is missing or odd in them', () => {
    expect(turnOf(bot({ id: 1, payload: { bot_turn: turn } }))).toMatchObject({ choice: 'invoice', sources: ['invoice', 'article:x'] })
    expect(turnOf(bot({ id: 1, payload: { bot_turn: { steps: [{ engine: 'x', candidates: [{ id: 'a', score: 7 }, 'b'] }] } } }))).toEqual({
      choice: '',
      candidates: [],
      steps: [{ engine: 'x', made: '', why: '', candidates: [{ id: 'a', question: 'a', score: 1 }] }],
      sources: [],
      version: '',
    })
    expect(turnOf(bot({ id: 1, payload: { bot_turn: { steps: [] } } }))).toBeNull()
    expect(turnOf(bot({ id: 1, payload: { bot_turn: 'x' } }))).toBeNull()
    expect(turnOf(message({ id: 1, payload: { bot_turn: turn } }))).toBeNull()
  })

  it('tell who rated, and how', () => {
    expect(ratingOf(bot({ id: 1, payload: { rating: { rating: 'bad', meant: 'refund', by: 'Lin' } } }))).toEqual({ rating: 'bad', meant: 'refund', by: 'Lin' })
    expect(ratingOf(bot({ id: 1, payload: { rating: { rating: 'superb' } } }))).toEqual({ rating: null, meant: '', by: '' })
    expect(ratingOf(bot({ id: 1 }))).toEqual({ rating: null, meant: '', by: '' })
  })

  it('tell what it knew when it handed over, and keep the word that made it apart from what was meant', () => {
    const payload = {
      event: 'handed_over',
      questions: [{ text: 'invoice?', answered: 'invoice' }, { text: '' }],
      slots: { Order: 8812, Phone: '' },
      likely: [{ id: 'person', question: 'agent', score: 1 }],
    }
    expect(handOverOf(payload)).toEqual({
      questions: [{ text: 'invoice?', answered: 'invoice' }],
      slots: [{ label: 'Order', value: '8812' }],
      likely: [],
      because: 'agent',
    })
    expect(handOverOf({ event: 'handed_over', likely: [{ id: 'refund', question: 'Refund?', score: 0.4 }] })?.likely).toHaveLength(1)
    expect(handOverOf({ event: 'handed_over', reason: 'by_agent' })).toBeNull()
    expect(handOverOf({ ...payload, event: 'resolved' })).toBeNull()
  })

  it('find the question that was answered', () => {
    const thread = [message({ id: 1, text: 'first' }), message({ id: 2, text: 'second ' }), bot({ id: 3 }), message({ id: 4, text: 'later' })]
    expect(askedBefore(thread, thread[2]!)).toBe('second')
    expect(askedBefore([], thread[2]!)).toBe('')
  })

  it('give the figures of the tests', () => {
    const report = { suites: [{ suite: 'shop', bot: 'frontdesk', passed: true, figures: { all: { cases: 12, accuracy: 0.97, precision: null } }, failures: ['x'] }, 3] }
    expect(suitesOf(report)).toEqual([{ suite: 'shop', bot: 'frontdesk', passed: true, cases: 12, shares: [{ name: 'accuracy', value: 0.97 }], failures: ['x'] }])
    expect(suitesOf({})).toEqual([])
  })
})

describe('small rules', () => {
  it.each([
    ['', 0, 'yes'],
    ['Hello', 5, '\nyes'],
    ['Hello ', 6, 'yes'],
    ['Hello', 0, 'yes\n'],
    ['ab', 1, '\nyes\n'],
  ])('a piece fits into %j at %i as %j', (draft, at, piece) => {
    expect(fitted(draft, at, 'yes')).toBe(piece)
  })

  it('a recommendation carries its address once', () => {
    expect(recommended({ text: 'Look: https://a.cn', url: 'https://a.cn' })).toBe('Look: https://a.cn')
    expect(recommended({ text: 'Look', url: 'https://a.cn' })).toBe('Look\nhttps://a.cn')
    expect(recommended({ text: '', url: 'https://a.cn' })).toBe('https://a.cn')
    expect(recommended({ text: 'Look', url: '' })).toBe('Look')
  })

  it('a search finds by every word, in any width and case, also by tag', () => {
    expect(matching(KNOWLEDGE, 'ＲＥＦＵＮＤ how').map(({ id }) => id)).toEqual(['refund'])
    expect(matching(KNOWLEDGE, 'money').map(({ id }) => id)).toEqual(['refund'])
    expect(matching(KNOWLEDGE, ' ')).toHaveLength(3)
    expect(matching(KNOWLEDGE, 'refund invoice')).toEqual([])
  })

  it('tags are taken one by one or many at once', () => {
    expect(tagsIn('vip， 老客户、a b;')).toEqual(['vip', '老客户', 'a b'])
    expect(tagProblem([], ['x'.repeat(41)])).toBe('long')
    expect(tagProblem([], ['a\u0007b'])).toBe('letters')
    const twenty = Array.from({ length: 20 }, (_, index) => `t${index}`)
    expect(tagProblem(twenty, ['t3'])).toBeNull()
    expect(tagProblem(twenty, ['new'])).toBe('many')
  })

  it('a diff is read line by line', () => {
    expect(diffLines('--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n').map(({ kind }) => kind)).toEqual(['file', 'file', 'place', 'removed', 'added', 'same'])
    expect(percent(0.815, 'en')).toBe('82%')
  })

  it('suggestions are for a question that no person has answered', () => {
    const customer = message({ id: 10 })
    const mine = message({ id: 12, direction: 'out', author: { kind: 'agent', id: 1, name: 'Lin' } })
    expect(stillAsked(suggestions(), [customer, bot({ id: 11 })], false)).toBe(true)
    expect(stillAsked(suggestions(), [customer, mine], false)).toBe(false)
    expect(stillAsked(suggestions(), [customer, { ...mine, direction: 'note' }], false)).toBe(true)
    expect(stillAsked(suggestions({ message_id: 13 }), [customer, mine, message({ id: 13 })], false)).toBe(true)
    expect(stillAsked(suggestions(), [customer], true)).toBe(false)
    expect(stillAsked(suggestions({ id: null, message_id: null, answers: [] }), [], false)).toBe(false)
    expect(stillAsked(undefined, [], false)).toBe(false)
  })
})

describe('a hand-over in words', () => {
  async function lines(...payloads: Message['payload'][]): Promise<string[]> {
    const said: string[] = []
    await mount({
      setup() {
        const wording = useWording()
        for (const payload of payloads) said.push(wording.event(message({ id: 1, kind: 'event', payload })))
        return () => null
      },
    })
    return said
  }

  it('says why, with the code itself where there is no word for it', async () => {
    expect(
      await lines(
        { event: 'handed_over', reason: 'repeated' },
        { event: 'handed_over', reason: 'full_moon' },
        { event: 'resolved', by: 'Lin', reason: 'full_moon' },
      ),
    ).toEqual([
      'Handed over to people (the customer asked again: the answer had not helped)',
      'Handed over to people (full_moon)',
      'Lin resolved the conversation',
    ])
  })
})

describe('what the bot hands over', () => {
  const told = {
    questions: [{ text: 'one', answered: '' }, { text: 'two', answered: 'refund' }, { text: 'three', answered: '' }],
    slots: [{ label: 'Order', value: '8812' }],
    likely: [{ id: 'invoice', question: 'Can I have an invoice?', score: 0.62 }],
    because: '',
  }

  it('is three lines until more is asked for, the newest question among them', async () => {
    await mount(HandOverCard, { message: 1, told })
    expect(words()).toContain('8812')
    expect(words()).toContain('“three”')
    expect(words()).not.toContain('“two”')
    button('Show more').click()
    await settled()
    expect([...document.querySelectorAll('.handover__question')].map((one) => one.textContent?.replace(/\s+/g, ' '))).toEqual([
      '“one” no answer given', '“two” answered: How do I get a refund?', '“three” no answer given',
    ])
    expect(words()).toContain('Likely meant: Can I have an invoice? (62%)')
    button('Show less').click()
  })

  it('gives its values to the clipboard', async () => {
    const writeText = vi.fn(async () => undefined)
    vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } })
    await mount(HandOverCard, { message: 2, told: { ...told, questions: [] } })
    button('Copy Order').click()
    await settled()
    expect(writeText).toHaveBeenCalledWith('8812')
    expect(useToasts().toasts.map(({ text }) => text)).toEqual(['Order copied'])
  })
})

describe('suggestions beside the composer', () => {
  const row = (part = {}) => ({ ...conversation({ id: 1, at: minute(1) }), reply: reply(), ...part })
  const box = (): HTMLTextAreaElement => document.querySelector('textarea')!

  async function open(found: Suggestions = suggestions(), part = {}, mode = 'reply'): Promise<void> {
    const thread = useThreads().get(1)
    thread.messages = [message({ id: 10, text: 'refund?' })]
    thread.loaded = true
    answers['GET /conversations/1/suggestions'] = found
    await useSuggestions().load(1)
    await mount(MessageComposer, { conversation: row(part), mode })
  }

  it('say how sure they are, for the eye and for the ear', async () => {
    await open()
    expect(button('How do I get a refund?').textContent).toContain('81% sure')
    expect(document.querySelector('[role="group"][aria-label="Suggested answers"]')).toBeTruthy()
  })

  it('take no room where there are none, in a note, and while the bot or nobody has the conversation', async () => {
    for (const [found, part, mode] of [
      [suggestions({ answers: [] }), {}, 'reply'],
      [suggestions(), {}, 'note'],
      [suggestions(), { status: 'bot' }, 'reply'],
      [suggestions(), { status: 'resolved' }, 'reply'],
      [suggestions(), { reply: reply({ allowed: false, reason: 'window_closed' }) }, 'reply'],
    ] as const) {
      await open(found as Suggestions, part, mode)
      expect(document.querySelector('.suggests')).toBeNull()
      app?.unmount()
    }
    app = undefined
  })

  it('go into the draft by a press, and tell the hub what the reply began from, also when it was changed', async () => {
    await open()
    answers['POST /conversations/1/messages'] = message({ id: 11, direction: 'out', author: { kind: 'agent', id: 1, name: 'Lin' } })
    button('How do I get a refund?').click()
    await nextTick()
    expect(box().value).toBe('Open My orders.')
    expect(useDrafts().read(1, 'reply')).toBe('Open My orders.')
    box().setRangeText(' Anything else?', 15, 15, 'end')
    box().dispatchEvent(new Event('input', { bubbles: true }))
    await press(box(), 'Enter')
    await settled()
    expect(sent('POST /conversations/1/messages')).toEqual([
      { note: false, text: 'Open My orders. Anything else?', seen: 10, suggestion: { id: 9, which: 'refund' } },
    ])
    expect(document.querySelector('.suggests')).toBeNull()
  })

  it('go in by their numbers, and never over what is written', async () => {
    useDrafts().write(1, 'reply', 'Hello')
    await open()
    box().setSelectionRange(0, 5)
    await press(box(), '¡', { altKey: true, code: 'Digit2' })
    expect(box().value).toBe('Hello\nYes, in My orders.')
    await press(box(), '£', { altKey: true, code: 'Digit3' })
    expect(box().value).toBe('Hello\nYes, in My orders.')
  })

  it('are no beginning once all of it was taken out again', async () => {
    await open()
    button('How do I get a refund?').click()
    await nextTick()
    for (const written of ['', 'My own words']) {
      box().value = written
      box().dispatchEvent(new Event('input', { bubbles: true }))
      await nextTick()
    }
    await press(box(), 'Enter')
    await settled()
    expect(sent('POST /conversations/1/messages')).toEqual([{ note: false, text: 'My own words', seen: 10 }])
  })

  it('never keep an answer from its customer: what is gone is left out', async () => {
    await open()
    answers['POST /conversations/1/messages'] = new Response(JSON.stringify({ code: 'not_found' }), { status: 404 })
    button('How do I get a refund?').click()
    await nextTick()
    await press(box(), 'Enter')
    await settled()
    expect(sent('POST /conversations/1/messages')).toEqual([
      { note: false, text: 'Open My orders.', seen: 10, suggestion: { id: 9, which: 'refund' } },
      { note: false, text: 'Open My orders.', seen: 10 },
    ])
  })

  it('are put away for this question', async () => {
    await open()
    button('Hide suggestions').click()
    await nextTick()
    expect(document.querySelector('.suggests')).toBeNull()
  })

  it('stand in a second line where they are recommendations, with why', async () => {
    const recommendations = [{ id: 'item:case', kind: 'product' as const, title: 'Travel case', text: 'Look at this', url: 'https://shop.cn/case', reason: 'travel', by: 'similar' }]
    await open(suggestions({ answers: [], recommendations }))
    expect(button('Travel case').textContent).toContain('about “travel”')
    button('Travel case').click()
    await nextTick()
    expect(box().value).toBe('Look at this\nhttps://shop.cn/case')
  })
})

describe('thumbs', () => {
  const shown = shallowRef<Message>(bot({ id: 20 }))

  async function open(payload: Message['payload'] = {}): Promise<void> {
    const thread = useThreads().get(1)
    thread.messages = [message({ id: 19, text: 'my money?' }), bot({ id: 20, payload: { bot_turn: turn, ...payload } })]
    thread.loaded = true
    await mount(BotTools, () => {
      shown.value = thread.messages[1]!
      return { message: shown.value, turn: turnOf(shown.value)! }
    })
  }
  const pressed = (name: string): string | null => button(name).getAttribute('aria-pressed')

  it('show at once and are taken back where the hub does not take them', async () => {
    await open()
    answers['PUT /messages/20/rating'] = new Response(JSON.stringify({ code: 'not_found' }), { status: 404 })
    button('Good answer').click()
    await nextTick()
    expect(pressed('Good answer')).toBe('true')
    await settled()
    expect(pressed('Good answer')).toBe('false')
    expect(useToasts().toasts).toMatchObject([{ tone: 'danger' }])
  })

  it('are taken back by a second press', async () => {
    await open({ rating: { rating: 'good', meant: null, by: 'Lin' } })
    button('Good answer').click()
    await settled()
    expect(sent('PUT /messages/20/rating')).toEqual([{ rating: null, meant: null }])
    expect(pressed('Good answer')).toBe('false')
  })

  it('say what was meant', async () => {
    await open({ rating: { rating: 'bad', meant: 'refund', by: 'Lin' } })
    await settled()
    expect(words()).toContain('Meant: How do I get a refund?')
    expect(button('Wrong answer').title).toBe('Lin: Wrong answer')
  })

  it('lead to what it should have answered, and to a new way to ask for it', async () => {
    await open()
    app!.unmount()
    const close = vi.fn()
    await mount(BotMeant, { message: shown.value, turn: turnOf(shown.value)!, onClose: close })
    await settled()
    const search = document.querySelector<HTMLInputElement>('[role="combobox"]')!
    expect(document.querySelectorAll('[role="option"]')).toHaveLength(4)
    // the likeliest that it did not choose comes first
    expect(document.querySelector('[aria-selected="true"]')?.textContent).toContain('refund')
    await press(search, 'ArrowDown')
    expect(document.getElementById(search.getAttribute('aria-activedescendant')!)?.textContent).toContain('invoice')
    await press(search, 'ArrowUp')
    await press(search, 'Enter')
    await settled()
    expect(sent('PUT /messages/20/rating')).toEqual([{ rating: 'bad', meant: 'refund' }])
    answers['POST /proposals'] = { id: 3 }
    button('Propose it').click()
    await settled()
    expect(sent('POST /proposals')).toEqual([{ entry: 'refund', questions: ['my money?'], message_id: 20 }])
    expect(useToasts().toasts.map(({ text }) => text)).toEqual(['Proposed. It counts once ops have reviewed it.'])
    expect(close).toHaveBeenCalledOnce()
  })

  it('end there when nothing of ours fits', async () => {
    await open()
    app!.unmount()
    const close = vi.fn()
    await mount(BotMeant, { message: shown.value, turn: turnOf(shown.value)!, onClose: close })
    await settled()
    ;[...document.querySelectorAll<HTMLElement>('[role="option"]')].at(-1)!.click()
    await settled()
    expect(sent('PUT /messages/20/rating')).toEqual([{ rating: 'bad', meant: 'none' }])
    expect(close).toHaveBeenCalledOnce()
  })
})

describe('why this answer', () => {
  it('says it engine by engine, with the code itself where there is no word', async () => {
    await mount(BotWhy, { message: bot({ id: 1 }), turn: turnOf(bot({ id: 1, payload: { bot_turn: turn } }))! })
    await settled()
    const steps = [...document.querySelectorAll('.why__step')].map((step) => step.textContent?.replace(/\s+/g, ' ').trim())
    expect(steps[0]).toBe('Keywordspassed')
    expect(steps[1]).toContain('Knowledge 2answered')
    expect(steps[1]).toContain('Can I have an invoice? (chosen)')
    expect(steps[2]).toBe('oracleshruggedmercury')
    expect(words()).toContain('a1b2c3')
    expect(words()).toContain('article:x')
  })
})

describe('tags', () => {
  const contact = shallowRef<Contact>()
  const open = async (tags: string[]): Promise<void> => {
    contact.value = { id: 7, name: 'Wang', tags, identities: [], conversations: [] }
    await mount(ContactTags, () => ({ contact: contact.value, onChanged: (one: Contact) => (contact.value = one) }))
  }
  const input = (): HTMLInputElement => document.querySelector('.tags__input')!
  const tags = (): string[] => [...document.querySelectorAll('.tag')].map((tag) => tag.textContent!.trim())

  async function type(text: string): Promise<void> {
    input().value = text
    input().dispatchEvent(new Event('input', { bubbles: true }))
    await press(input(), 'Enter')
  }

  it('are added and taken away, at once', async () => {
    await open(['vip'])
    answers['PATCH /contacts/7'] = { id: 7, name: 'Wang', tags: ['vip', 'old'], identities: [], conversations: [] }
    await type('old, vip')
    expect(tags()).toEqual(['vip', 'old'])
    await settled()
    expect(sent('PATCH /contacts/7')).toEqual([{ tags: ['vip', 'old'] }])
    button('Remove the tag vip').click()
    await nextTick()
    expect(tags()).toEqual(['old'])
  })

  it('come back where the hub refuses, which is said', async () => {
    await open(['vip'])
    answers['PATCH /contacts/7'] = new Response(JSON.stringify({ code: 'invalid' }), { status: 422 })
    await type('old')
    await settled()
    expect(tags()).toEqual(['vip'])
    expect(document.querySelector('[role="alert"]')?.textContent).toBe('The content is not valid')
  })

  it('are not sent when they are too many or too long', async () => {
    await open(Array.from({ length: 20 }, (_, index) => `t${index}`))
    await type('one more')
    expect(document.querySelector('[role="alert"]')?.textContent).toBe('At most 20 tags')
    expect(asked).toEqual([])
  })
})

describe('unanswered questions', () => {
  const cluster = (id: number, part = {}) => ({
    id, bot: 'frontdesk', question: `q${id}`, size: 5, before: 2, examples: [`q${id}`, 'another way'], nearest: [{ id: 'invoice', question: 'Can I have an invoice?', score: 0.3 }],
    state: 'open', created_at: minute(0), ...part,
  })

  it('are proposed for an answer, which can be undone', async () => {
    answers['GET /questions?state=open'] = { items: [cluster(1), cluster(2, { size: 1, before: 1 })], next: null }
    answers['POST /questions/1/propose'] = { id: 30 }
    await mount(BotQuestions)
    await settled()
    expect(words()).toContain('5 this week3 more than the week before')
    expect(words()).toContain('as many as the week before')
    button('Choose the answer').click()
    await settled()
    const options = [...document.querySelectorAll<HTMLElement>('[role="option"]')]
    expect(options).toHaveLength(2) // dialogues cannot learn a question here
    options[0]!.click()
    await settled()
    expect(sent('POST /questions/1/propose')).toEqual([{ entry: 'invoice' }])
    expect(words()).not.toContain('q1')
    useToasts().toasts[0]!.undo!()
    await settled()
    expect(sent('POST /proposals/30/dismiss')).toHaveLength(1)
  })

  it('say that there are none, and why they did not come', async () => {
    answers['GET /questions?state=open'] = new Response(JSON.stringify({ code: 'oops' }), { status: 500 })
    await mount(BotQuestions)
    await settled()
    expect(document.querySelector('[role="alert"]')?.textContent).toContain('The server has a problem')
    answers['GET /questions?state=open'] = { items: [], next: null }
    button('Try again').click()
    await settled()
    expect(words()).toContain('No questions are left open')
  })
})

describe('a refused version', () => {
  const bots = { items: [], next: null, version: 'a', report: {}, refused: { version: 'b', problems: ['faq/shop.toml: no answer', 'more'], at: minute(0) } }

  it('is told to those who lead', async () => {
    answers['GET /bots'] = bots
    useSession().me = { ...useSession().me!, role: 'supervisor' }
    await mount(VersionBanner)
    await settled()
    expect(words()).toContain("A change to the bot's files was refused: faq/shop.toml: no answer (and 1 more)")
  })

  it('and to nobody else', async () => {
    answers['GET /bots'] = bots
    await mount(VersionBanner)
    await settled()
    expect(sent('GET /bots')).toEqual([])
    expect(document.querySelector('.banner')).toBeNull()
  })
})

describe('what the bot knows', () => {
  it('is asked for once a minute at most, and an unknown id stands for itself', async () => {
    const knowledge = useKnowledge()
    await Promise.all([knowledge.load(), knowledge.load()])
    await knowledge.load()
    expect(sent('GET /knowledge')).toHaveLength(1)
    expect([knowledge.questionOf('refund'), knowledge.questionOf('gone')]).toEqual(['How do I get a refund?', 'gone'])
  })
})
