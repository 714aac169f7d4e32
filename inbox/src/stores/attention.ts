/** Draws the agent's attention: a sound, and a word of the browser while nobody looks at the inbox. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { attentionApi, type About, type NotificationChoices } from '@/api/attention'
import type { Message } from '@/api/types'
import { chime, unlock } from '@/attention/chime'
import { isLooking, watchLooking } from '@/attention/looking'
import { tellAgain } from '@/attention/push'
import { currentLocale, i18n, loadAreas } from '@/i18n'
import { asksForSound, desktopOn, soundOn } from '@/preferences'
import { useConversations } from './conversations'
import { usePresence } from './presence'
import { useSession } from './session'

const FRESH = 60_000
type Named = { id: number; name: string }

const UNLOCKING = ['pointerdown', 'keydown'] as const

export const useAttention = defineStore('attention', () => {
  const conversations = useConversations()
  const presence = usePresence()
  const session = useSession()
  const choices = shallowRef<NotificationChoices | null>(null)
  /** The first time that it makes a sound, the agent is asked whether it may. */
  const asked = ref(0)
  /** Where a word of the browser led. */
  const wanted = shallowRef<{ conversation: number } | null>(null)
  let newest = 0
  let kept: Promise<unknown> = Promise.resolve()
  let nameOf = ({ name }: Named): string => name
  let stopped: AbortController | null = null

  const isAway = computed(() => presence.mine?.status === 'away')

  function hearMessage(message: Message, open: number | null, leads: boolean): void {
    if (message.direction !== 'in' || message.id <= newest) return
    newest = message.id
    const mine = session.isMe(conversations.byId.get(message.conversation_id)?.assignee)
    if (mine && Date.now() - Date.parse(message.created_at) < FRESH) void draw('message', message.conversation_id, open, leads, message.text)
  }

  const hear = (about: About, conversation: number, open: number | null, leads: boolean): void =>
    void draw(about, conversation, open, leads, '')

  /** One tab speaks for all. */
  async function draw(about: About, conversation: number, open: number | null, leads: boolean, text: string): Promise<void> {
    if (!leads || !session.me || choices.value?.about[about] === false || isQuiet()) return
    const looking = await isLooking(session.me.id)
    if (looking && document.visibilityState === 'visible' && open === conversation) return
    if (soundOn.value && !isAway.value && chime() && asksForSound()) asked.value += 1
    if (!looking) await say(about, conversation, text)
  }

  async function say(about: About, conversation: number, text: string): Promise<void> {
    if (!desktopOn.value || !('Notification' in window) || Notification.permission !== 'granted') return
    await loadAreas('push')
    const said = i18n.global.t(`push.${about}`)
    const row = choices.value?.show_content ? conversations.byId.get(conversation) : undefined
    const options = { body: row ? text || said : '', tag: `c${conversation}`, lang: currentLocale() }
    try {
      const shown = new Notification(row ? nameOf(row.contact) : said, options)
      shown.onclick = () => {
        window.focus()
        shown.close()
        go(conversation)
      }
    } catch {
      // Phones show them only through the service worker, which the hub reaches by itself.
    }
  }

  function isQuiet(): boolean {
    const { quiet_from: from, quiet_to: to } = choices.value ?? {}
    if (!from || !to) return false
    const time = new Date().toTimeString().slice(0, 5)
    return from <= to ? from <= time && time < to : time >= from || time < to
  }

  const go = (conversation: number): void => void (wanted.value = { conversation })

  async function load(): Promise<void> {
    const before = kept
    const now = await attentionApi.choices()
    // What was chosen meanwhile is newer.
    if (before === kept) choices.value = now
  }

  /** What is chosen next builds on this, so it counts at once; and the hub keeps them in the order they were made. */
  async function choose(next: Partial<NotificationChoices>): Promise<void> {
    const all = (choices.value = { ...choices.value!, ...next })
    kept = kept.catch(() => undefined).then(() => attentionApi.choose(all))
    await kept.catch(async (failure: unknown) => {
      await load()
      throw failure
    })
  }

  /** `names`: what a customer without a name is called. */
  function start(names: typeof nameOf): void {
    stop()
    nameOf = names
    const signal = (stopped = new AbortController()).signal
    watchLooking(session.me!.id, signal)
    for (const sign of UNLOCKING) window.addEventListener(sign, unlock, { signal, passive: true, capture: true, once: true })
    navigator.serviceWorker?.addEventListener('message', ({ data }: MessageEvent<{ open?: number }>) => data.open && go(data.open), { signal })
    load().catch(() => undefined)
    tellAgain(currentLocale()).catch(() => undefined)
  }

  function stop(): void {
    stopped?.abort()
    stopped = null
  }

  return { choices, asked, wanted, hear, hearMessage, load, choose, start, stop }
})
