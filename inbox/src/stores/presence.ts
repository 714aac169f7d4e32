/** Who is there; and that I am, which one of my tabs tells the hub for all. */
import { defineStore } from 'pinia'
import { shallowReactive, shallowRef } from 'vue'
import { presenceApi, type OwnPresence, type Presence, type Status } from '@/api/presence'
import { useSession } from './session'

const EVERY = 30_000
/** Not every key needs to be written down. */
const NOTED_EVERY = 5_000
const SIGNS = ['keydown', 'pointerdown', 'wheel'] as const

export const usePresence = defineStore('presence', () => {
  const session = useSession()
  const byId = shallowReactive(new Map<number, Presence>())
  const mine = shallowRef<OwnPresence | null>(null)
  let stopped: AbortController | null = null
  let leave: () => void = () => undefined

  const statusOf = (agent: number): Status => byId.get(agent)?.status ?? 'offline'

  async function load(): Promise<void> {
    const { items } = await presenceApi.everyone()
    byId.clear()
    for (const one of items) byId.set(one.id, one)
    if (mine.value) show(mine.value)
  }

  function hear(agent: number, status: Status): void {
    const known = byId.get(agent)
    if (known) byId.set(agent, { ...known, status })
    if (mine.value && session.isMe({ id: agent })) mine.value = { ...mine.value, status }
  }

  function show(own: OwnPresence): void {
    mine.value = own
    if (session.me) hear(session.me.id, own.status)
  }

  async function choose(status: Status): Promise<void> {
    show(await presenceApi.choose(status))
  }

  // All tabs of mine write down when they were touched; the one that holds the lock tells.
  const key = (): string => `yizhan.active.${session.me?.id}`
  const touchedAt = (): number => Number(localStorage.getItem(key())) || Date.now()

  function touched(): void {
    const before = touchedAt()
    if (Date.now() - before < NOTED_EVERY && localStorage.getItem(key())) return
    localStorage.setItem(key(), String(Date.now()))
    // Who comes back to the desk is not away for another half minute.
    if (mine.value?.status === 'away' && mine.value.chosen !== 'away') void beat()
  }

  async function beat(): Promise<void> {
    try {
      show(await presenceApi.seen(Math.max(0, Date.now() - touchedAt()) / 1_000))
    } catch {
      // The next one follows; that the hub is away, the banner says.
    }
  }

  function start(): void {
    stop()
    const signal = (stopped = new AbortController()).signal
    localStorage.setItem(key(), String(Date.now()))
    for (const sign of SIGNS) window.addEventListener(sign, touched, { signal, passive: true, capture: true })
    const lead = (): Promise<void> =>
      new Promise((resolve) => {
        void beat()
        const timer = setInterval(() => void beat(), EVERY)
        leave = () => {
          clearInterval(timer)
          resolve()
        }
      })
    if (!('locks' in navigator)) void lead()
    else navigator.locks.request(`yizhan-presence-${session.me?.id}`, { signal }, lead).catch(() => undefined)
  }

  function stop(): void {
    stopped?.abort()
    stopped = null
    leave()
    leave = () => undefined
  }

  return { byId, mine, statusOf, load, hear, choose, start, stop }
})
