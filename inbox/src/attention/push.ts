/** This browser as one that is reached while the inbox is closed. */
import { attentionApi, type Subscription } from '@/api/attention'

const WORKER = '/sw.js'

export type PushState = 'unsupported' | 'off' | 'on' | 'denied'

export const canPush = (): boolean =>
  'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window && import.meta.env.PROD

export async function pushState(): Promise<PushState> {
  if (!canPush()) return 'unsupported'
  if (Notification.permission === 'denied') return 'denied'
  return (await subscription()) ? 'on' : 'off'
}

/** Asks the browser's own question, so only ever after a click. */
export async function switchPushOn(publicKey: string, language: string): Promise<PushState> {
  if ((await Notification.requestPermission()) !== 'granted') return pushState()
  await navigator.serviceWorker.register(trusted(WORKER) as string, { updateViaCache: 'none' })
  const { pushManager } = await navigator.serviceWorker.ready
  const key = bytes(publicKey)
  const known = await pushManager.getSubscription()
  // Of a hub that has another key now.
  if (known && !same(known.options.applicationServerKey, key)) await known.unsubscribe()
  await attentionApi.subscribe(told(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }), language))
  return 'on'
}

export async function switchPushOff(): Promise<PushState> {
  const known = await subscription()
  if (known) {
    await attentionApi.unsubscribe(known.endpoint)
    await known.unsubscribe()
  }
  return pushState()
}

/** The hub forgets a browser with its session; after the next sign-in it is told again. */
export async function tellAgain(language: string): Promise<void> {
  const known = canPush() && Notification.permission === 'granted' ? await subscription() : null
  if (known) await attentionApi.subscribe(told(known, language))
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration()
  return (await registration?.pushManager.getSubscription()) ?? null
}

export function told(subscribed: PushSubscription, language: string): Subscription {
  const { endpoint, keys } = subscribed.toJSON()
  return { endpoint: endpoint!, p256dh: keys!.p256dh!, auth: keys!.auth!, language }
}

export function bytes(word: string): Uint8Array<ArrayBuffer> {
  const plain = atob(word.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0))
}

function same(one: ArrayBuffer | null, other: Uint8Array): boolean {
  const held = new Uint8Array(one ?? new ArrayBuffer(0))
  return held.length === other.length && held.every((byte, place) => byte === other[place])
}

/** The page's policy takes scripts by address only from who says that it means them. */
function trusted(url: string): unknown {
  const types = (window as { trustedTypes?: { createPolicy: (name: string, rules: object) => { createScriptURL: (url: string) => unknown } } }).trustedTypes
  return types ? types.createPolicy('yizhan-worker', { createScriptURL: (given: string) => given }).createScriptURL(url) : url
}
