/** Who is there, and what they have in hand. */
import { request } from './http'
import type { Page } from './types'

export const STATUSES = ['online', 'busy', 'away', 'offline'] as const
export type Status = (typeof STATUSES)[number]

export interface Presence {
  /** Of the agent. */
  id: number
  name: string
  status: Status
  /** Conversations in hand. */
  open: number
  /** Per cent of what they can carry. */
  load: number
}

export interface OwnPresence {
  chosen: Status
  /** What colleagues see: a call, or a while without a key, says otherwise than what I chose. */
  status: Status
}

export const presenceApi = {
  everyone: () => request<Page<Presence>>('GET', '/presence'),
  seen: (idle: number) => request<OwnPresence>('POST', '/me/presence', { body: { idle }, quiet401: true }),
  choose: (status: Status) => request<OwnPresence>('PUT', '/me/presence', { body: { status } }),
}
