/** How well each channel works, and what a person does about one that does not. */
import type { JobGroup } from './jobs'
import { request } from './http'
import type { Page, Receiver } from './types'

export type Sign = 'paused' | 'deaf' | 'failing' | 'stuck' | 'silent'

export interface Vitals {
  name: string
  label: string
  state: 'ok' | 'degraded' | 'down'
  signs: Sign[]
  reason: string
  code: string
  paused_by_hand: boolean
  next_try_at: string | null
  receiver: Receiver | null
  last_inbound_at: string | null
  last_outbound_at: string | null
  queued: number
  oldest_queued_at: string | null
  /** In the last hour. */
  sent: number
  failed_share: number | null
  seconds_p95: number | null
  silence: { since: string; longest_seconds: number } | null
}

export interface Cell {
  at: string
  received: number
  sent: number
  failed: number
}

export interface VitalsDetail extends Vitals {
  cells: Cell[]
  troubles: JobGroup[]
}

export interface Finding {
  what: string
  ok: boolean
  advice: string
}

const path = (name: string): string => `/channels/${encodeURIComponent(name)}`

export const channels = {
  health: () => request<Page<Vitals>>('GET', '/channels/health'),
  one: (name: string) => request<VitalsDetail>('GET', `${path(name)}/health`),
  diagnose: (name: string) => request<{ items: Finding[] }>('POST', `${path(name)}/diagnose`, { body: {} }),
  pause: (name: string, reason: string) => request<VitalsDetail>('POST', `${path(name)}/pause`, { body: { reason } }),
  resume: (name: string) => request<VitalsDetail>('POST', `${path(name)}/resume`, { body: {} }),
}
