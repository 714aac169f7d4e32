/** Shows what is pushed while the inbox is closed, and opens it. Nothing else: no file of the inbox is kept here. */
import zh from './locales/zh-CN/push.json?raw'
import en from './locales/en/push.json?raw'

interface Words {
  about: string
  conversation: number
  language: string
  name?: string
  text?: string
}

/** The parts of a service worker that this one needs. */
interface Worker {
  addEventListener: (name: 'push' | 'notificationclick', handle: (event: Happened) => void) => void
  registration: { showNotification: (title: string, options: NotificationOptions) => Promise<void> }
  clients: {
    matchAll: (options: { type: 'window'; includeUncontrolled: boolean }) => Promise<Page[]>
    openWindow: (url: string) => Promise<unknown>
  }
}
interface Happened {
  waitUntil: (work: Promise<unknown>) => void
  data: { json: () => Words } | null
  notification: { close: () => void; data: number }
}
interface Page {
  focus: () => Promise<Page>
  postMessage: (message: { open: number }) => void
}

const SENTENCES = { 'zh-CN': JSON.parse(zh), en: JSON.parse(en) } as Record<string, Record<string, string>>
const worker = self as unknown as Worker

worker.addEventListener('push', (event) => {
  const words = event.data?.json()
  if (words) event.waitUntil(show(words))
})

worker.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(event.notification.data))
})

function show({ about, conversation, language, name, text }: Words): Promise<void> {
  const said = SENTENCES[language]?.[about] ?? SENTENCES.en![about] ?? ''
  const body = text || (name ? said : '')
  return worker.registration.showNotification(name || said, { body, tag: `c${conversation}`, lang: language, data: conversation })
}

async function open(conversation: number): Promise<void> {
  const [page] = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (!page) return void (await worker.clients.openWindow(`/inbox/mine/${conversation}`))
  ;(await page.focus()).postMessage({ open: conversation })
}
