/** Brings the hub's events into the stores, one frame at a time, and knows the state of the connection. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { About } from '@/api/attention'
import type { StreamEvents } from '@/api/types'
import { listen, type Live } from '@/live/tabs'
import type { LinkState, LiveEvent } from '@/live/stream'
import { remindedIn, rewrites } from '@/text/events'
import { useAttention } from './attention'
import { useCalls } from './calls'
import { useConversations } from './conversations'
import { useDirectory } from './directory'
import { useDrafts } from './drafts'
import { useNotifications } from './notifications'
import { usePresence } from './presence'
import { useSession } from './session'
import { useSuggestions } from './suggestions'
import { useThreads } from './threads'
import { useViewers } from './viewers'

/** A hidden tab draws no frames and must still count. */
const AT_LATEST = 50

export const useLive = defineStore('live', () => {
  const attention = useAttention()
  const calls = useCalls()
  const conversations = useConversations()
  const directory = useDirectory()
  const drafts = useDrafts()
  const notifications = useNotifications()
  const presence = usePresence()
  const session = useSession()
  const suggestions = useSuggestions()
  const threads = useThreads()
  const viewers = useViewers()
  const link = shallowRef<LinkState>({ kind: 'connecting' })
  const open = ref<number | null>(null)
  const resyncs = ref(0)
  /** Where a customer has waited for me too long. */
  const reminded = shallowRef<{ conversation: number } | null>(null)
  let live: Live | null = null
  let waiting: LiveEvent[] = []
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const handle: { [N in keyof StreamEvents]: (data: StreamEvents[N]) => void } = {
    message: ({ message }) => {
      threads.hear(message)
      conversations.noticeMessage(message)
      attention.hearMessage(message, open.value, leads())
      if (rewrites(message)) void threads.reread(message.conversation_id)
      if (session.isMe(remindedIn(message))) reminded.value = { conversation: message.conversation_id }
    },
    conversation: ({ conversation }) => void conversations.upsert(conversation),
    channel: ({ channel }) => directory.hearChannel(channel),
    call: ({ call }) => calls.hear(call),
    // Of a thread that is not open nobody sees them, and opening it asks for them.
    suggestion: ({ conversation_id }) => void (conversation_id === open.value && suggestions.load(conversation_id)),
    draft: ({ agent_id, conversation_id, mode, updated_at }) =>
      void (session.isMe({ id: agent_id }) && drafts.hearChange(conversation_id, mode, updated_at)),
    viewers: ({ conversation_id, viewers: present }) => viewers.hear(conversation_id, present),
    presence: ({ presence: { agent_id, status } }) => presence.hear(agent_id, status),
    gone: ({ conversation_id }) => {
      conversations.forget(conversation_id)
      threads.forget(conversation_id)
    },
    notification: ({ agent_id, kind, conversation_id }) => void (agent_id === session.me?.id && notified(kind, conversation_id)),
    resync: () => void resync(),
  }

  function notified(kind: About, conversation: number): void {
    attention.hear(kind, conversation, open.value, leads())
    // What I am looking at I need not be told of.
    const isSeen = conversation === open.value && document.visibilityState === 'visible'
    void (isSeen ? notifications.see({ conversation }).catch(() => undefined) : notifications.refresh())
    if (kind !== 'mention') return
    conversations.countSoon()
    void conversations.askAgain('mentioned')
  }

  function receive(event: LiveEvent): void {
    if (waiting.push(event) > 1) return
    // What is done before a frame is drawn shows in that frame.
    frame = requestAnimationFrame(drain)
    timer = setTimeout(drain, AT_LATEST)
  }

  function drain(): void {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    const events = waiting
    waiting = []
    for (const event of events) (handle[event.name] as (data: unknown) => void)(event.data)
  }

  async function resync(): Promise<void> {
    drafts.flush()
    await Promise.all([
      conversations.resync(),
      threads.resync(open.value),
      open.value === null ? undefined : conversations.fetchOne(open.value).catch(() => undefined),
      open.value === null ? undefined : suggestions.load(open.value),
      directory.load().catch(() => undefined),
      calls.load().catch(() => undefined),
      presence.load().catch(() => undefined),
      notifications.refresh(),
    ])
    resyncs.value += 1
  }

  function start(): void {
    stop()
    live = listen(session.me!.id, {
      event: receive,
      state: (state) => (link.value = state),
      failed: (attempt) => attempt > 0 && void session.check(),
    })
  }

  function stop(): void {
    live?.stop()
    live = null
  }

  const leads = (): boolean => !!live?.leads()
  const hurry = (): void => live?.hurry()

  return { link, open, resyncs, reminded, start, stop, hurry, resync }
})
