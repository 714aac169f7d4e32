/** The two languages, loaded area by area when a page needs them. */
import { createI18n, type LocaleMessageDictionary, type VueMessageType } from 'vue-i18n'
import { stored } from './preferences'

export const LOCALES = ['zh-CN', 'en'] as const
export type Locale = (typeof LOCALES)[number]
export type Area =
  | 'common'
  | 'login'
  | 'inbox'
  | 'work'
  | 'thread'
  | 'together'
  | 'call'
  | 'contact'
  | 'bot'
  | 'channels'
  | 'failed'
  | 'settings'
  | 'audit'
  | 'setup'
  | 'canned'
  | 'sla'
  | 'presence'
  | 'errors'
  | 'search'
  | 'attention'
  | 'push'
  | 'palette'

const files = import.meta.glob<{ default: LocaleMessageDictionary<VueMessageType> }>('./locales/*/*.json')
const wanted = new Set<Area>()
const loaded = new Set<string>()

/** Until the agent chooses: what the browser speaks, and Chinese for every language we do not have. */
const browsers: Locale = navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh-CN'
const firstLocale = stored<Locale>('locale', LOCALES, browsers)

export const i18n = createI18n({
  legacy: false,
  locale: firstLocale as string,
  fallbackLocale: false as const,
  messages: {},
  missingWarn: import.meta.env.DEV,
})

const global = i18n.global

async function loadArea(locale: Locale, area: Area): Promise<void> {
  const path = `./locales/${locale}/${area}.json`
  if (loaded.has(path)) return
  const messages = await files[path]!()
  global.mergeLocaleMessage(locale, { [area]: messages.default })
  loaded.add(path)
}

export async function loadAreas(...areas: Area[]): Promise<void> {
  for (const area of areas) wanted.add(area)
  await Promise.all(areas.map((area) => loadArea(currentLocale(), area)))
  document.documentElement.lang = currentLocale()
}

/** Of both languages: what is found by words of either. */
export async function loadInBoth(area: Area): Promise<void> {
  wanted.add(area)
  await Promise.all(LOCALES.map((locale) => loadArea(locale, area)))
}

export const currentLocale = (): Locale => global.locale.value as Locale

export async function switchLocale(locale: Locale): Promise<void> {
  await Promise.all([...wanted].map((area) => loadArea(locale, area)))
  global.locale.value = locale
  document.documentElement.lang = locale
  localStorage.setItem('yizhan.locale', locale)
}
