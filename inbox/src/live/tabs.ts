/** One stream for all tabs: the tab that holds the lock listens, and tells the others what it hears. */
import { BASE } from '@/api/http'
import { Stream, type LinkState, type LiveEvent, type StreamHooks } from './stream'

type Said =
  | { type: 'event'; event: LiveEvent }
  | { type: 'state'; state: LinkState; lastId: string }
  | { type: 'hello' }

const LOCK = 'yizhan-stream'
const CHANNEL = 'yizhan-stream'
const CHECK_AFTER_SLEEP = 60_000

export interface Live {
  stop: () => void
  hurry: () => void
  /** Of all tabs of this agent one holds the stream. */
  leads: () => boolean
}

export function listen(agent: number, hooks: StreamHooks): Live {
  const shared = 'locks' in navigator && 'BroadcastChannel' in window
  return shared ? listenTogether(agent, hooks) : listenAlone(hooks)
}

function listenAlone(hooks: StreamHooks): Live {
  const stream = new Stream(`${BASE}/stream`, hooks)
  const unwatch = hurryOnWake(stream)
  stream.start()
  return {
    hurry: () => stream.restart(),
    leads: () => true,
    stop: () => {
      unwatch()
      stream.stop()
    },
  }
}

function listenTogether(agent: number, hooks: StreamHooks): Live {
  // Two agents in two tabs of one browser share no events: the session cookie is common, the page is not.
  const channel = new BroadcastChannel(`${CHANNEL}-${agent}`)
  const giveUp = new AbortController()
  let lastId = ''
  let stream: Stream | null = null
  let state: LinkState = { kind: 'connecting' }
  let leave: () => void = () => undefined
  let unwatch: () => void = () => undefined

  const say = (said: Said): void => channel.postMessage(said)

  channel.onmessage = ({ data }: MessageEvent<Said>) => {
    if (data.type === 'hello') {
      if (stream) say({ type: 'state', state, lastId: stream.lastId })
    } else if (data.type === 'event') {
      lastId = data.event.id || lastId
      hooks.event(data.event)
    } else {
      lastId = data.lastId || lastId
      hooks.state(data.state)
    }
  }

  const lead = (): Promise<void> =>
    new Promise((resolve) => {
      leave = resolve
      const leader = new Stream(
        `${BASE}/stream`,
        {
          event: (event) => {
            hooks.event(event)
            say({ type: 'event', event })
          },
          state: (next) => {
            state = next
            hooks.state(next)
            say({ type: 'state', state: next, lastId: leader.lastId })
          },
          failed: hooks.failed,
        },
        lastId,
      )
      stream = leader
      unwatch = hurryOnWake(leader)
      leader.start()
    })

  say({ type: 'hello' })
  navigator.locks
    .request(`${LOCK}-${agent}`, { signal: giveUp.signal }, lead)
    .catch((error: unknown) => {
      if ((error as DOMException).name !== 'AbortError') throw error
    })

  return {
    hurry: () => stream?.restart(),
    leads: () => stream !== null,
    stop: () => {
      giveUp.abort()
      unwatch()
      stream?.stop()
      stream = null
      leave()
      channel.close()
    },
  }
}

function hurryOnWake(stream: Stream): () => void {
  let hiddenAt = 0
  const seen = (): void => {
    if (document.visibilityState === 'hidden') {
      hiddenAt = Date.now()
    } else if (hiddenAt && Date.now() - hiddenAt > CHECK_AFTER_SLEEP) {
      stream.restart()
    } else {
      stream.hurry()
    }
  }
  const online = (): void => stream.restart()
  const offline = (): void => stream.restart()
  document.addEventListener('visibilitychange', seen)
  window.addEventListener('online', online)
  window.addEventListener('offline', offline)
  return () => {
    document.removeEventListener('visibilitychange', seen)
    window.removeEventListener('online', online)
    window.removeEventListener('offline', offline)
  }
}
