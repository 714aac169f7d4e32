/** What each agent chose for this browser. */
import { ref } from 'vue'

export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export function stored<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
  const value = localStorage.getItem(`yizhan.${name}`) as T | null
  return value && allowed.includes(value) ? value : otherwise
}

const SWITCH = ['on', 'off'] as const

/** Single letters as shortcuts: who dictates, or types with one hand, may want none. */
export const shortcutsOn = ref(stored('shortcuts', SWITCH, 'on') === 'on')

export function switchShortcuts(on: boolean): void {
  shortcutsOn.value = on
  localStorage.setItem('yizhan.shortcuts', on ? 'on' : 'off')
}

export const soundOn = ref(stored('sound', SWITCH, 'on') === 'on')

export function switchSound(on: boolean): void {
  soundOn.value = on
  localStorage.setItem('yizhan.sound', on ? 'on' : 'off')
}

/** Once, and not who has chosen already. */
export function asksForSound(): boolean {
  if (localStorage.getItem('yizhan.sound')) return false
  localStorage.setItem('yizhan.sound', 'on')
  return true
}

export const desktopOn = ref(stored('desktop', SWITCH, 'on') === 'on')

export function switchDesktop(on: boolean): void {
  desktopOn.value = on
  localStorage.setItem('yizhan.desktop', on ? 'on' : 'off')
}

export const SEND_KEYS = ['enter', 'ctrl'] as const
export type SendKey = (typeof SEND_KEYS)[number]

export const sendKey = ref<SendKey>(stored('send', SEND_KEYS, 'enter'))

export function switchSendKey(next: SendKey): void {
  sendKey.value = next
  localStorage.setItem('yizhan.send', next)
}

export const theme = ref<Theme>(stored('theme', THEMES, 'auto'))

export function applyTheme(): void {
  if (theme.value === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
}

export function switchTheme(next: Theme): void {
  theme.value = next
  localStorage.setItem('yizhan.theme', next)
  applyTheme()
}
