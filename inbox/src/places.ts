/** The pages of the rail, in its order: where each is, what it is called, and the keys that go there. */
import type { IconName } from './components/ui/icons'

export interface Place {
  /** The name of the route. */
  name: string
  to: string
  icon: IconName
  /** Of the sentence that names it. */
  label: string
  keys?: string
  /** Others do not see it. */
  for?: 'leads'
  /** What of it needs somebody. */
  troubles?: 'channels' | 'jobs'
}

export const PLACES: readonly Place[] = [
  { name: 'inbox', to: '/inbox/mine', icon: 'inbox', label: 'inbox.title', keys: 'g i' },
  { name: 'search', to: '/search', icon: 'search', label: 'inbox.menu.search', keys: 'g s' },
  { name: 'bot', to: '/bot', icon: 'bot', label: 'inbox.menu.bot', keys: 'g b' },
  { name: 'channels', to: '/channels', icon: 'pulse', label: 'inbox.menu.channels', keys: 'g c', troubles: 'channels' },
  { name: 'failed', to: '/failed', icon: 'alert', label: 'inbox.menu.failed', keys: 'g f', for: 'leads', troubles: 'jobs' },
  { name: 'settings', to: '/settings/me', icon: 'gear', label: 'inbox.menu.settings', keys: 'g ,' },
]
