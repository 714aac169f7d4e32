/** The settings: who sees which tab, what is searched in the files, and the forms about oneself. */
import { createPinia, setActivePinia } from 'pinia'
import { TooltipProvider } from 'reka-ui'
import { createApp, h, nextTick, type App, type Component } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import MyPassword from '@/components/MyPassword.vue'
import MyTokens from '@/components/MyTokens.vue'
import { i18n, loadAreas, switchLocale } from '@/i18n'
import { switchShortcuts } from '@/preferences'
import { useShortcuts } from '@/composables/shortcuts'
import { tabsFor } from '@/settings'
import { useSession } from '@/stores/session'
import { browserName } from '@/text/accounts'
import { found } from '@/text/configuration'

const asked: { what: string; body: unknown }[] = []
let answers: Record<string, unknown> = {}
let app: App | undefined
let root: HTMLElement

async function mount(component: Component): Promise<void> {
  app = createApp({ render: () => h(TooltipProvider, () => h('div', h(component))) })
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
const problem = (status: number, code: string): Response => new Response(JSON.stringify({ status, code, title: code }), { status })

beforeEach(async () => {
  setActivePinia(createPinia())
  asked.length = 0
  answers = { 'GET /me/login': { password: true } }
  root = document.body.appendChild(document.createElement('div'))
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const what = `${init.method} ${url.replace('/api/v1', '')}`
    asked.push({ what, body: init.body ? JSON.parse(init.body as string) : undefined })
    const answer = answers[what]
    return answer instanceof Response ? answer.clone() : new Response(JSON.stringify(answer ?? { items: [], next: null }))
  })
  await loadAreas('common', 'inbox', 'errors', 'login', 'settings')
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
    ['agent', ['me', 'teams']],
    ['supervisor', ['me', 'teams', 'files']],
  ] as const)('of an %s', (role, some) => {
    const names = tabsFor(role).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining([...some]))
    expect(names.includes('files')).toBe(role !== 'agent')
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
    await mount(MyPassword)
    await type('input[autocomplete="new-password"]', 'battery staple')
    await submit()
    expect(asked.map(({ what }) => what)).toEqual(['GET /me/login'])
    await type('input[autocomplete="current-password"]', 'correct horse')
    await submit()
    expect(asked.at(-1)).toEqual({ what: 'PUT /me/password', body: { current: 'correct horse', password: 'battery staple' } })
    expect(document.querySelector<HTMLInputElement>('input[autocomplete="new-password"]')!.value).toBe('')
  })

  it('says why it was not changed, and keeps what was typed', async () => {
    answers['PUT /me/password'] = problem(403, 'wrong_password')
    await mount(MyPassword)
    await type('input[autocomplete="current-password"]', 'wrong')
    await type('input[autocomplete="new-password"]', 'battery staple')
    await submit()
    expect(document.querySelector('[role="alert"]')?.textContent).toContain('current password is wrong')
    expect(document.querySelector<HTMLInputElement>('input[autocomplete="new-password"]')!.value).toBe('battery staple')
  })

  it('is not asked for its predecessor where there is none', async () => {
    answers['GET /me/login'] = { password: false }
    await mount(MyPassword)
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
})
