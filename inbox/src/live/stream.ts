/** One connection to the hub's event stream that comes back by itself and resumes where it stopped. */
import type { StreamEvents } from '@/api/types'
import { delayBefore } from './backoff'

export type LinkState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'waiting'; until: number }
  | { kind: 'offline' }

export type EventName = keyof StreamEvents

export interface LiveEvent<N extends EventName = EventName> {
  name: N
  id: string
  data: StreamEvents[N]
}

export interface StreamHooks {
  event: (event: LiveEvent) => void
  state: (state: LinkState) => void
  /** A try failed; the reason may be that the session ended, which EventSource cannot tell. */
  failed: (attempt: number) => void
}

export interface StreamParts {
  open: (url: string) => EventSource
  random: () => number
  isOnline: () => boolean
}

const NAMES: EventName[] = [
  'message',
  'conversation',
  'channel',
  'call',
  'suggestion',
  'notification',
  'draft',
  'viewers',
  'presence',
  'notification',
  'gone',
  'resync',
]
const SILENCE = 45_000

const browserParts: StreamParts = {
  open: (url) => new EventSource(url),
  random: Math.random,
  isOnline: () => navigator.onLine,
}

export class Stream {
  private source: EventSource | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private silence: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  private stopped = true

  constructor(
    private readonly url: string,
    private readonly hooks: StreamHooks,
    public lastId: string = '',
    private readonly parts: StreamParts = browserParts,
  ) {}

  start(): void {
    this.stopped = false
    this.connect()
  }

  stop(): void {
    this.stopped = true
    this.drop()
    clearTimeout(this.timer)
  }

  /** The tab woke up or the network came back: do not sit out the rest of a wait. */
  hurry(): void {
    if (this.stopped || this.source?.readyState === EventSource.OPEN) return
    this.attempt = 0
    this.connect()
  }

  /** After a long sleep the connection may look open and be dead. */
  restart(): void {
    if (this.stopped) return
    this.attempt = 0
    this.connect()
  }

  private connect(): void {
    clearTimeout(this.timer)
    this.drop()
    if (!this.parts.isOnline()) return this.retryLater()
    this.hooks.state({ kind: 'connecting' })
    const source = this.parts.open(this.lastId ? `${this.url}?after=${encodeURIComponent(this.lastId)}` : this.url)
    this.source = source
    source.onopen = () => this.opened(source)
    source.onerror = () => this.source === source && this.lost()
    source.addEventListener('ping', (event) => this.source === source && this.heard(event as MessageEvent<string>))
    for (const name of NAMES) {
      source.addEventListener(name, (event) => this.source === source && this.received(name, event as MessageEvent<string>))
    }
    this.heard()
  }

  private opened(source: EventSource): void {
    if (this.source !== source) return
    this.attempt = 0
    this.heard()
    this.hooks.state({ kind: 'live' })
    // Nothing to resume from: what happened between loading the page and now is unknown.
    if (!this.lastId) this.hooks.event({ name: 'resync', id: '', data: {} })
  }

  private received(name: EventName, event: MessageEvent<string>): void {
    this.heard(event)
    this.hooks.event({ name, id: this.lastId, data: event.data ? JSON.parse(event.data) : {} } as LiveEvent)
  }

  /** A ping carries the newest id too, so that a quiet hour can be resumed as well. */
  private heard(event?: MessageEvent<string>): void {
    if (event?.lastEventId) this.lastId = event.lastEventId
    clearTimeout(this.silence)
    this.silence = setTimeout(() => this.lost(), SILENCE)
  }

  private lost(): void {
    this.drop()
    if (this.stopped) return
    this.retryLater()
    this.hooks.failed(this.attempt)
  }

  private retryLater(): void {
    const delay = delayBefore(this.attempt, this.parts.random)
    this.attempt += 1
    this.timer = setTimeout(() => this.connect(), delay)
    this.hooks.state(this.parts.isOnline() ? { kind: 'waiting', until: Date.now() + delay } : { kind: 'offline' })
  }

  private drop(): void {
    clearTimeout(this.silence)
    this.source?.close()
    this.source = null
  }
}
