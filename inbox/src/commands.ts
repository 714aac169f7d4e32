/** What the palette offers: places to go, what can be done on this page, and what an agent sets for herself. */
import { isOffered, perform } from './composables/shortcuts'
import type { IconName } from './components/ui/icons'
import { STATUSES, type Status } from './api/presence'
import { LOCALES, switchLocale } from './i18n'
import { PLACES } from './places'
import { switchTheme, THEMES } from './preferences'
import { TABS, tabsFor } from './settings'
import { VIEWS } from './stores/order'

export interface Command {
  /** Of the sentence that names it. */
  id: string
  icon: IconName
  keys?: string
  run: () => unknown
}

interface Act {
  icon: IconName
  /** It can be done while this is there. */
  to?: 'conversation' | 'call' | 'mail'
  /** Of the shortcut; what has none is offered by its own name. */
  keys?: string
}

export const ACTS: Readonly<Record<string, Act>> = {
  reply: { icon: 'reply', keys: 'r', to: 'conversation' },
  note: { icon: 'note', keys: 'n', to: 'conversation' },
  claim: { icon: 'hand', keys: 'i', to: 'conversation' },
  resolve: { icon: 'check', keys: 'e', to: 'conversation' },
  resolveNext: { icon: 'checks', keys: 'Shift+e', to: 'conversation' },
  reopen: { icon: 'refresh' },
  assign: { icon: 'users', keys: 'a', to: 'conversation' },
  label: { icon: 'tag', keys: 'l', to: 'conversation' },
  snooze: { icon: 'moon', keys: 'z', to: 'conversation' },
  priority: { icon: 'up', keys: 'y', to: 'conversation' },
  resolveAs: { icon: 'checkCircle' },
  follow: { icon: 'eye' },
  unfollow: { icon: 'eyeOff' },
  toBot: { icon: 'bot' },
  toPeople: { icon: 'users' },
  merge: { icon: 'merge' },
  split: { icon: 'split' },
  whisper: { icon: 'note' },
  takeOver: { icon: 'hand' },
  quiet: { icon: 'eyeOff' },
  newMail: { icon: 'pencil', keys: 'c', to: 'mail' },
  playVoice: { icon: 'play', keys: 'p', to: 'conversation' },
  list: { icon: 'list', keys: 'u', to: 'conversation' },
  takeCall: { icon: 'phone', keys: 't', to: 'call' },
  holdCall: { icon: 'pause', keys: 'h', to: 'call' },
  muteCall: { icon: 'soundOff', keys: 'm', to: 'call' },
  endCall: { icon: 'close', keys: 'x', to: 'call' },
  help: { icon: 'keyboard', keys: '?' },
}

const THEME_ICON = { auto: 'system', light: 'sun', dark: 'moon' } as const

export interface Around {
  /** What is there to act on. */
  here: Record<NonNullable<Act['to']>, boolean>
  places: typeof PLACES
  tabs: ReturnType<typeof tabsFor>
  go: (path: string) => unknown
  choose: (status: Status) => unknown
}

export function commands({ here, places, tabs, go, choose }: Around): Command[] {
  const acts = Object.entries(ACTS).filter(([name, { keys, to }]) => (!to || here[to]) && isOffered(keys ?? name))
  return [
    ...acts.map(([name, { icon, keys }]) => ({ id: `act.${name}`, icon, keys, run: () => perform(keys ?? name) })),
    ...places.map(({ name, icon, keys, to }) => ({ id: `place.${name}`, icon, keys, run: () => go(to) })),
    ...Object.keys(VIEWS).map((name) => ({ id: `view.${name}`, icon: 'inbox' as const, run: () => go(`/inbox/${name}`) })),
    ...tabs.map(({ name }) => ({ id: `tab.${name}`, icon: 'gear' as const, run: () => go(`/settings/${name}`) })),
    ...STATUSES.map((status) => ({ id: `status.${status}`, icon: 'user' as const, run: () => choose(status) })),
    ...THEMES.map((theme) => ({ id: `theme.${theme}`, icon: THEME_ICON[theme], run: () => switchTheme(theme) })),
    ...LOCALES.map((locale) => ({ id: `language.${locale}`, icon: 'globe' as const, run: () => switchLocale(locale) })),
  ]
}

/** Every name that a command can have. */
export const NAMES: readonly string[] = [
  ...Object.keys(ACTS).map((name) => `act.${name}`),
  ...PLACES.map(({ name }) => `place.${name}`),
  ...Object.keys(VIEWS).map((name) => `view.${name}`),
  ...TABS.map(({ name }) => `tab.${name}`),
  ...STATUSES.map((status) => `status.${status}`),
  ...THEMES.map((theme) => `theme.${theme}`),
  ...LOCALES.map((locale) => `language.${locale}`),
]

/** Words in either language, or their initials: each word of what was written is in one of them. */
export function matching<One extends { texts: readonly string[] }>(all: readonly One[], written: string): One[] {
  const wanted = written.trim().toLowerCase()
  if (!wanted) return [...all]
  const parts = wanted.split(/\s+/)
  const rank = ({ texts }: One): number => {
    if (!parts.every((part) => texts.some((text) => text.includes(part)))) return -1
    if (texts.some((text) => text.split(' ').includes(wanted))) return 2
    return texts.some((text) => text.startsWith(wanted)) ? 1 : 0
  }
  return all
    .map((one) => ({ one, at: rank(one) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => b.at - a.at)
    .map(({ one }) => one)
}
