/** The settings: who sees which tab, what is searched in the files, and the forms about oneself. */
import { createPinia, setActivePinia } from 'pinia'
import { TooltipProvider } from 'reka-ui'
import { createApp, defineComponent, h, nextTick, ref, type App, type Component } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import LoginForm from '@/components/entrance/LoginForm.vue'
import MyPassword from '@/components/settings/MyPassword.vue'
import MyTokens from '@/components/settings/MyTokens.vue'
import SettingsAgents from '@/components/settings/SettingsAgents.vue'
import SettingsLabels from '@/components/settings/SettingsLabels.vue'
import SettingsViews from '@/components/settings/SettingsViews.vue'
import { i18n, loadAreas, switchLocale } from '@/i18n'
import { switchShortcuts } from '@/preferences'
import { isOffered, useShortcuts, type Shortcuts } from '@/composables/shortcuts'
import { tabsFor } from '@/settings'
import { useSession } from '@/stores/session'
import { detailsOf, linkOf } from '@/text/audit'
import { arrivals } from '@/text/arrivals'
import { browserName } from '@/text/accounts'
import { found } from '@/text/configuration'

const asked: { what: string; body: unknown }[] = []
let answers: Record<string, unknown> = {}
let app: App | undefined
let root: HTMLElement

async function mount(component: Component, props: Record<string, unknown> = {}): Promise<void> {
  app = createApp({ render: () => h(TooltipProvider, () => h('div', h(component, props))) })
  app.component('RouterLink', defineComponent({ setup: (_, { slots }) => () => h('a', slots.default?.()) }))
  app.use(i18n).mount(root)
  await settled()
}

const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 8; turns += 1) await new Promise((resolve) => setTimeout(resolve))
}
const words = (): string => (document.body.textContent ?? '').replace(/\s+/g, ' ').trim()
const button = (name: string): HTMLButtonElement =>
  [...document.querySelectorAll('button')].find((one) => (one.getAttribute('aria-label') ?? one.textContent ?? '').includes(name))!
async function type(selector: string, text: string): Promise<void> {
  const box = document.querySelector<HTMLInputElement>(selector)!
  box.value = text
  box.dispatchEvent(new Event('input', { bubbles: true }))
  await nextTick()
}
async function submit(index = 0): Promise<void> {
  document.querySelectorAll('form')[index]!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await settled()
}
const problem = (status: number, code: string, facts: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ status, code, title: code, ...facts }), { status })

beforeEach(async () => {
  setActivePinia(createPinia())
  asked.length = 0
  answers = { 'GET /session': { sso: null, setup: false } }
  root = document.body.appendChild(document.createElement('div'))
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const what = `${init.method} ${url.replace('/api/v1', '')}`
    asked.push({ what, body: init.body ? JSON.parse(init.body as string) : undefined })
    const answer = answers[what]
    return answer instanceof Response ? answer.clone() : new Response(JSON.stringify(answer ?? { items: [], next: null }))
  })
  await loadAreas('common', 'inbox', 'work', 'errors', 'login', 'settings', 'audit')
  await switchLocale('en')
  useSession().me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'agent', teams: [] }
})

afterEach(() => {
  app?.unmount()
  app = undefined
  root.remove()
  switchShortcuts(true)
  vi.unstubAllGlobals()
})

describe('tabs', () => {
  it.each([
    ['agent', ['me', 'teams', 'labels', 'views']],
    ['supervisor', ['me', 'teams', 'files', 'audit']],
    ['admin', ['me', 'agents', 'teams', 'files', 'audit']],
  ] as const)('of an %s', (role, some) => {
    const names = tabsFor(role).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining([...some]))
    expect([names.includes('files'), names.includes('agents')]).toEqual([role !== 'agent', role === 'admin'])
  })
})

describe('labels and outcomes', () => {
  const place = { file: 'config/work.toml', line: 6 }

  it('say what they are called, what carries them and where they are written', async () => {
    answers['GET /labels'] = { items: [{ id: 'refund', zh: 'Tuikuan', en: 'Refund', color: 'amber', ...place, conversations: 1 }] }
    answers['GET /dispositions'] = { items: [{ id: 'spam', zh: 'Saorao', en: 'Spam', ...place, line: null }] }
    await mount(SettingsLabels)
    expect(words()).toContain('RefundTuikuan · amberrefund1 conversation, labelled Refundconfig/work.toml:6')
    expect(words()).toContain('SpamSaoraospamconfig/work.toml')
  })

  it('say what to write where there are none', async () => {
    await mount(SettingsLabels)
    expect(words()).toContain('Write a [[labels]] with id, zh, en and color')
    expect(words()).toContain('Write a [[dispositions]] with id, zh and en')
  })

  it('say once that they cannot be loaded', async () => {
    answers['GET /labels'] = problem(500, 'bug')
    answers['GET /dispositions'] = problem(500, 'bug')
    await mount(SettingsLabels)
    expect(document.querySelectorAll('[role="alert"]')).toHaveLength(1)
  })
})

describe('saved views', () => {
  const work = {
    labels: [{ id: 'refund', zh: 'Tuikuan', en: 'Refund', color: 'amber' }],
    dispositions: [],
    disposition_required: false,
    teams: [],
  }
  const own = { id: 1, name: 'Refunds', filter: {}, shared: false, position: 1, by: { id: 1, name: 'Lin' } }
  const bos = { id: 2, name: 'Urgent', filter: {}, shared: true, position: 1, by: { id: 2, name: 'Bo' } }
  const kept = (...items: unknown[]): void => void (answers = { 'GET /work': work, 'GET /views': { items } })
  const unresolved = ['bot', 'waiting', 'open', 'snoozed']

  it.each([
    [{}, ['Every conversation']],
    [{ status: unresolved, assignee: 'me' }, ['Not resolved', 'Mine']],
    [{ status: ['snoozed', 'waiting'], assignee: 'none' }, ['Snoozed', 'Waiting', 'Nobody']],
    [{ labels: ['refund', 'gone'], priority: [3], team: 'sales', unread: true }, ['Refund', 'gone', 'Urgent', 'Team sales', 'Unread']],
    [{ followed: true, mentioned: true, q: 'cup', sort: 'sla' }, ['Followed', 'Mentions', 'Contains \u201ccup\u201d', 'Next target first']],
  ])('say what %j narrows', async (filter, parts) => {
    kept({ ...own, filter })
    await mount(SettingsViews)
    expect([...document.querySelectorAll('.parts__one')].map((one) => one.textContent)).toEqual(parts)
  })

  it('are changed by who made them', async () => {
    kept(own, bos)
    answers['PATCH /views/1'] = { ...own, name: 'Money back', shared: true }
    await mount(SettingsViews)
    expect(button('Change \u201cUrgent\u201d')).toBeUndefined()
    button('Change \u201cRefunds\u201d').click()
    await settled()
    await type('.keep input[type="text"]', ' Money back ')
    document.querySelector<HTMLInputElement>('.keep input[type="checkbox"]')!.click()
    await submit()
    expect(asked.at(-1)).toEqual({ what: 'PATCH /views/1', body: { name: 'Money back', shared: true } })
    expect(words()).toContain('Money backYours, shared')
  })

  it('are a supervisor\u2019s to keep in order; one that is shared no longer is gone', async () => {
    useSession().me = { ...useSession().me!, role: 'supervisor' }
    kept(bos)
    answers['PATCH /views/2'] = { ...bos, shared: false }
    await mount(SettingsViews)
    button('Change \u201cUrgent\u201d').click()
    await settled()
    document.querySelector<HTMLInputElement>('.keep input[type="checkbox"]')!.click()
    await settled()
    expect(words()).toContain('Then only Bo sees it.')
    await submit()
    expect(words()).toContain('No saved views yet')
  })

  it('stay where they could not be deleted', async () => {
    kept(own)
    answers['DELETE /views/1'] = problem(403, 'not_your_view', { by: 'Bo' })
    await mount(SettingsViews)
    button('Delete view \u201cRefunds\u201d').click()
    await settled()
    document.querySelector<HTMLButtonElement>('[role="dialog"] .button--danger, [role="alertdialog"] .button--danger')!.click()
    await settled()
    expect(asked.at(-1)?.what).toBe('DELETE /views/1')
    expect(document.querySelectorAll('.kept__one')).toHaveLength(1)
  })
})

describe('the files', () => {
  const sections = [
    { file: 'config/hub.toml', section: '', line: 1, entries: [{ key: 'public_url', value: 'http://x', line: 2 }] },
    { file: 'config/hub.toml', section: 'teams', line: 4, entries: [{ key: 'sales', value: 'lin@example.com', line: 5 }] },
    { file: 'config/work.toml', section: 'labels', line: 1, entries: [] },
  ]
  it.each([
    ['', ['public_url', 'sales']],
    ['TEAMS lin', ['sales']],
    ['hub url', ['public_url']],
    ['nowhere', []],
  ])('are searched for "%s"', (wanted, keys) => {
    expect(found(sections, wanted).flatMap((file) => file.sections.flatMap(({ entries }) => entries.map(({ key }) => key)))).toEqual(keys)
  })
})

describe('browsers', () => {
  it.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0', 'Edge · Windows'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1', 'Safari · iPhone'],
    ['Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile Safari/537.36 MicroMessenger/8.0', 'WeChat · Android'],
    ['curl/8.5.0', 'curl'],
    ['', ''],
  ])('are called by their names: %s', (agent, name) => expect(browserName(agent)).toBe(name))
})

describe('the password', () => {
  it('is sent only when both are there, and the fields are empty afterwards', async () => {
    await mount(MyPassword, { has: true })
    await type('input[autocomplete="new-password"]', 'battery staple')
    await submit()
    expect(asked).toEqual([])
    await type('input[autocomplete="current-password"]', 'correct horse')
    await submit()
    expect(asked.at(-1)).toEqual({ what: 'PUT /me/password', body: { current: 'correct horse', password: 'battery staple' } })
    expect(document.querySelector<HTMLInputElement>('input[autocomplete="new-password"]')!.value).toBe('')
  })

  it('says why it was not changed, and keeps what was typed', async () => {
    answers['PUT /me/password'] = problem(403, 'wrong_password')
    await mount(MyPassword, { has: true })
    await type('input[autocomplete="current-password"]', 'wrong')
    await type('input[autocomplete="new-password"]', 'battery staple')
    await submit()
    expect(document.querySelector('[role="alert"]')?.textContent).toContain('current password is wrong')
    expect(document.querySelector<HTMLInputElement>('input[autocomplete="new-password"]')!.value).toBe('battery staple')
  })

  it('is not asked for its predecessor where there is none', async () => {
    await mount(MyPassword, { has: false })
    expect(document.querySelector('input[autocomplete="current-password"]')).toBeNull()
  })
})

describe('tokens', () => {
  const token = { id: 1, kind: 'session', name: 'curl/8', created_at: '2026-03-01T12:00:00Z', used_at: null, expires_at: null, here: false }

  it('are shown once, and revoked after a question', async () => {
    answers['GET /me/tokens'] = { items: [{ ...token, id: 2, here: true }, { ...token, id: 3, kind: 'api', name: 'reports' }], next: null }
    answers['POST /me/tokens'] = { token: 'secret-word' }
    await mount(MyTokens)
    expect(words()).toContain('This browser')
    await type('#token-name', 'weekly')
    await submit()
    expect(asked.filter(({ what }) => what === 'POST /me/tokens')).toEqual([{ what: 'POST /me/tokens', body: { name: 'weekly' } }])
    expect(words()).toContain('secret-word')
    button('Revoke: reports').click()
    await settled()
    expect(words()).toContain('Revoke “reports”?')
    expect(asked.some(({ what }) => what === 'DELETE /me/tokens/3')).toBe(false)
    document.querySelector<HTMLButtonElement>('.dialog .button--danger')!.click()
    await settled()
    expect(asked.some(({ what }) => what === 'DELETE /me/tokens/3')).toBe(true)
  })
})

describe('signing in', () => {
  const me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'admin', teams: [] }
  const offer = { secret: 'ABCDEFGH', address: 'otpauth://x', qr: '<svg/>', pending: 'offer-1' }
  async function enterPassword(): Promise<void> {
    await type('input[autocomplete="username"]', 'lin@example.com')
    await type('input[autocomplete="current-password"]', 'correct horse')
    await submit()
  }
  beforeEach(() => {
    useSession().me = null
  })

  it('asks for the code of the phone after the password', async () => {
    answers['POST /session'] = problem(401, 'totp_required', { pending: 'proof' })
    const done = vi.fn()
    await mount(LoginForm, { onDone: done })
    await enterPassword()
    const box = document.querySelector<HTMLInputElement>('input[autocomplete="one-time-code"]')!
    expect(document.activeElement).toBe(box)
    answers['POST /session/totp'] = problem(401, 'wrong_code')
    await type('input[autocomplete="one-time-code"]', '123456')
    await submit()
    expect(document.querySelector('[role="alert"]')?.textContent).toContain('wrong or was used')
    expect(document.activeElement).toBe(document.querySelector('[role="alert"]'))
    expect(box.value).toBe('123456')
    answers['POST /session/totp'] = me
    await submit()
    expect(asked.at(-1)).toEqual({ what: 'POST /session/totp', body: { pending: 'proof', code: '123456' } })
    expect([done.mock.calls.length, useSession().me?.role]).toEqual([1, 'admin'])
  })

  it('begins again when the code came too late', async () => {
    answers['POST /session'] = problem(401, 'totp_required', { pending: 'proof' })
    answers['POST /session/totp'] = problem(401, 'login_expired')
    await mount(LoginForm)
    await enterPassword()
    await type('input[autocomplete="one-time-code"]', '123456')
    await submit()
    expect(words()).toContain('enter your password again')
    expect(document.querySelector('input[autocomplete="current-password"]')).not.toBeNull()
  })

  it('makes who needs a code enrol first, and lets in only after the recovery codes were shown', async () => {
    answers['POST /session'] = problem(401, 'totp_setup', { pending: 'proof' })
    answers['POST /session/enrolment'] = offer
    answers['PUT /session/enrolment'] = { codes: ['abcd-efgh', 'ijkl-mnop'], me }
    const done = vi.fn()
    await mount(LoginForm, { onDone: done })
    await enterPassword()
    // a part of its own, which has to be fetched
    await vi.waitFor(() => expect(words()).toContain('ABCD EFGH'), 5_000)
    await type('input[autocomplete="one-time-code"]', '123456')
    await submit()
    expect(asked.at(-1)).toEqual({ what: 'PUT /session/enrolment', body: { login: 'proof', pending: 'offer-1', code: '123456' } })
    expect(words()).toContain('abcd-efgh')
    expect(done).not.toHaveBeenCalled()
    button('I have kept them').click()
    await settled()
    expect([done.mock.calls.length, useSession().me?.name]).toEqual([1, 'Lin'])
  })

  it('shows why the identity provider did not let in, and its button', async () => {
    answers['GET /session'] = { sso: 'Company ID', setup: false }
    await mount(LoginForm, { problem: 'sso_domain', next: '/inbox/all' })
    expect(document.querySelector('[role="alert"]')?.textContent).toContain('may not sign in here')
    expect(document.querySelector('a')?.getAttribute('href')).toBe('/login/oidc?next=%2Finbox%2Fall')
    expect(words()).toContain('Sign in with Company ID')
  })

  it('has a sentence for a code nobody knows', async () => {
    await mount(LoginForm, { problem: 'mercury' })
    expect(document.querySelector('[role="alert"]')?.textContent).toContain('did not work')
  })
})

describe('accounts', () => {
  const account = {
    id: 2, name: 'Li', email: 'li@example.com', role: 'agent', teams: ['sales'], created_at: '2026-03-01T12:00:00Z', seen_at: null,
    disabled_at: null, password: true, totp: true, invited: false, conversations: 3,
  }
  beforeEach(() => {
    answers['GET /accounts'] = { items: [account, { ...account, id: 3, name: 'Gone', disabled_at: '2026-03-01T12:00:00Z' }] }
  })

  it('show the link of an invitation once', async () => {
    answers['POST /accounts'] = { link: 'http://hub/welcome#abc' }
    await mount(SettingsAgents)
    button('Add agent').click()
    await settled()
    await type('#account-email', 'new@example.com')
    await type('#account-name', 'New')
    await submit()
    expect(asked.find(({ what }) => what === 'POST /accounts')?.body).toEqual({ email: 'new@example.com', name: 'New', role: 'agent' })
    expect(words()).toContain('http://hub/welcome#abc')
    expect(document.querySelector('.dialog')).toBeNull()
  })

  it('are disabled after a choice about what they hold', async () => {
    answers['POST /accounts/2/disable'] = { gave_back: 0 }
    await mount(SettingsAgents)
    button('Disable: Li').click()
    await settled()
    expect(words()).toContain('the 3 open conversations')
    document.querySelector<HTMLInputElement>('.dialog input')!.click()
    document.querySelector<HTMLButtonElement>('.dialog .button--danger')!.click()
    await settled()
    expect(asked.find(({ what }) => what === 'POST /accounts/2/disable')?.body).toEqual({ give_back: false })
  })

  it('say why the last admin stays', async () => {
    answers['PATCH /accounts/2'] = problem(409, 'last_admin')
    await mount(SettingsAgents)
    button('Change: Li').click()
    await settled()
    await submit()
    expect(document.querySelector('.dialog [role="alert"]')?.textContent).toContain('must be an admin left')
  })

  it('can be enabled again', async () => {
    await mount(SettingsAgents)
    button('Enable: Gone').click()
    await settled()
    expect(asked.some(({ what }) => what === 'POST /accounts/3/enable')).toBe(true)
  })
})

describe('the audit trail', () => {
  const entry = { id: 1, at: '2026-03-01T12:00:00Z', agent: 'Lin', agent_id: 1, action: 'claim', subject: 'conversation 12', name: '', detail: {} }
  it.each([
    [entry, '/inbox/all/12', []],
    [{ ...entry, subject: 'agent 3', detail: { role: 'admin', before: ['A', 'agent'], to: null } }, null, ['role: admin', 'before: ["A","agent"]']],
  ])('says where and what', (given, link, details) => expect([linkOf(given), detailsOf(given)]).toEqual([link, details]))
})

describe('the first message', () => {
  const heard = (name: string, at: string | null) => ({ name, last_inbound_at: at })
  it.each([
    [[heard('shop', null)], [heard('shop', null)], []],
    [[heard('shop', null)], [heard('shop', '2026-03-01T12:00:00Z')], ['shop']],
    [[heard('shop', '2026-03-01T12:00:00Z')], [heard('shop', '2026-03-01T12:00:00Z')], []],
    [[heard('shop', '2026-03-01T12:00:00Z')], [heard('shop', '2026-03-01T12:00:09Z')], ['shop']],
    [[], [heard('shop', '2026-03-01T12:00:00Z')], ['shop']],
  ])('is one that came since we look', (before, now, names) => expect(arrivals(before, now).map(({ name }) => name)).toEqual(names))
})

describe('shortcuts', () => {
  it('stay silent once they are turned off', () => {
    const pressed = vi.fn()
    const scope = createApp({ setup: () => (useShortcuts({ j: pressed }), () => null) })
    scope.mount(root)
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'j' }))
    switchShortcuts(false)
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'j' }))
    scope.unmount()
    expect(pressed).toHaveBeenCalledTimes(1)
  })

  it('come and go with what they act on', () => {
    switchShortcuts(true)
    const pressed = vi.fn()
    const there = ref(false)
    const scope = createApp({ setup: () => (useShortcuts((): Shortcuts => (there.value ? { p: pressed } : {})), () => null) })
    scope.mount(root)
    for (const now of [false, true, false]) {
      there.value = now
      expect(isOffered('p')).toBe(now)
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'p' }))
    }
    scope.unmount()
    expect(pressed).toHaveBeenCalledTimes(1)
  })
})
