import { createPinia, setActivePinia } from 'pinia'
import { TooltipProvider } from 'reka-ui'
import { createApp, h, shallowRef } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import ContactPanel from '@/components/contact/ContactPanel.vue'
import { i18n, loadAreas } from '@/i18n'
import { useSession } from '@/stores/session'
import { useThreads } from '@/stores/threads'
import { conversation, message, minute } from './samples'

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))
const asked: string[] = []

beforeEach(async () => {
  setActivePinia(createPinia())
  useSession().me = { id: 1, name: 'Lin', email: 'lin@example.com', role: 'agent', teams: [] }
  asked.length = 0
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    const { contact } = conversation({ id: 1, at: minute(0) })
    const person = { ...contact, tags: [], facts: {}, identities: [], conversations: [], merges: [] }
    return new Response(JSON.stringify(url.endsWith(`/contacts/${contact.id}`) ? person : { items: [], next: null }))
  })
  await loadAreas('common', 'inbox', 'errors')
})

afterEach(() => vi.unstubAllGlobals())

it('asks for a customer when something of the customer may have changed, not with whatever is said', async () => {
  const row = shallowRef(conversation({ id: 1, at: minute(0) }))
  const app = createApp({ render: () => h(TooltipProvider, () => h(ContactPanel, { conversation: row.value, view: 'all' })) })
  app.component('RouterLink', { render: () => h('a') })
  app.use(i18n).mount(document.createElement('div'))
  const fetched = (): number => asked.filter((url) => url === `/api/v1/contacts/${row.value.contact.id}`).length
  await settled()
  expect(fetched()).toBe(1)
  row.value = { ...row.value, updated_at: minute(1), unread: 1 }
  await settled()
  expect(fetched()).toBe(1)
  row.value = { ...row.value, contact: { ...row.value.contact, name: 'Chen' } }
  await settled()
  expect(fetched()).toBe(2)
  useThreads().get(1).messages = [message({ id: 7, kind: 'event', direction: 'note' })]
  await settled()
  expect(fetched()).toBe(3)
  app.unmount()
})
