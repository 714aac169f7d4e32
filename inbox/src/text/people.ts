/** What is known of a customer besides messages: which word names it, and how its value reads. */
import { placeOf, word, type Place } from './payloads'

export interface Fact {
  /** The last part of a sentence's key, or "" where we have no word for it and show `name`. */
  label: string
  name: string
  value: string
  /** The value is one of the words we can say: the last part of a sentence's key. */
  scene?: string
  place?: Place
}

type Facts = Record<string, unknown>

export const SCENES = [
  'ADD_SCENE_SEARCH', 'ADD_SCENE_ACCOUNT_MIGRATION', 'ADD_SCENE_PROFILE_CARD', 'ADD_SCENE_QR_CODE',
  'ADD_SCENE_PROFILE_LINK', 'ADD_SCENE_PROFILE_ITEM', 'ADD_SCENE_PAID', 'ADD_SCENE_WECHAT_ADVERTISEMENT',
  'ADD_SCENE_REPRINT', 'ADD_SCENE_LIVESTREAM', 'ADD_SCENE_CHANNELS', 'ADD_SCENE_WXA', 'ADD_SCENE_OTHERS',
]

export const FACTS = ['subscribe_scene', 'subscribe_time', 'qr_scene', 'qr_scene_str', 'remark', 'tagid_list', 'groupid']
export const HINTS = ['scene', 'session_from', 'menu', 'menu_key', 'scanned', 'location', 'key']

/** Said elsewhere: the follow by the reachable state, the language by its own row, who holds them by the banner. */
const SAID_ELSEWHERE = ['subscribe', 'language', 'held_by', 'unionid', 'openid']

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)

function entries(all: Facts | undefined, known: string[]): [string, unknown][] {
  const shown = Object.entries(all ?? {}).filter(([name, value]) => !isEmpty(value) && !SAID_ELSEWHERE.includes(name))
  const rank = ([name]: [string, unknown]): number => (known.includes(name) ? known.indexOf(name) : known.length)
  return shown.sort((a, b) => rank(a) - rank(b))
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

/** What the provider told of the person. `time` says a moment in the reader's words. */
export function factsOf(facts: Facts | undefined, time: (at: string) => string): Fact[] {
  return entries(facts, FACTS)
    .filter(([name, value]) => !(['qr_scene', 'groupid'].includes(name) && Number(value) === 0))
    .map(([name, value]) => {
      const fact: Fact = { label: FACTS.includes(name) ? name : '', name, value: plain(value) }
      if (name === 'subscribe_scene' && SCENES.includes(fact.value)) fact.scene = fact.value
      if (name === 'subscribe_time') fact.value = momentOf(value, time)
      return fact
    })
}

function momentOf(value: unknown, time: (at: string) => string): string {
  const seconds = Number(value)
  const at = new Date(Number.isFinite(seconds) ? seconds * 1000 : String(value))
  return Number.isNaN(at.getTime()) ? plain(value) : time(at.toISOString())
}

/** What came along from the customer's side: hints, never proofs. */
export function hintsOf(context: Facts | undefined): Fact[] {
  return entries(context, HINTS).flatMap(([name, value]) => hint(name, value))
}

function hint(name: string, value: unknown): Fact[] {
  const place = placeOf(value)
  if (place) return [{ label: HINTS.includes(name) ? name : '', name, value: place.label, place }]
  if (name === 'menu' && typeof value === 'object' && value !== null) {
    const { key, scanned } = value as Facts
    return [fact('menu_key', word(key)), fact('scanned', word(scanned))].filter((one) => one.value)
  }
  return [{ label: HINTS.includes(name) ? name : '', name, value: plain(value) }]
}

const fact = (name: string, value: string): Fact => ({ label: name, name, value })

/** WeChat writes "zh_CN"; a browser without names of languages shows what came. */
export function languageName(code: string, locale: string): string {
  try {
    return new Intl.DisplayNames([locale], { type: 'language' }).of(code.replace(/_/g, '-')) ?? code
  } catch {
    return code
  }
}
