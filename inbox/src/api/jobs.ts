/** Jobs that are not done, and what a person decides about them. */
import { query, request } from './http'
import type { Page } from './types'

export type JobState = 'pending' | 'running' | 'waiting' | 'failed' | 'uncertain' | 'cancelled' | 'done'

export interface Job {
  /** Its kind and number: "delivery-12". */
  id: string
  kind: string
  state: JobState
  attempts: number
  error: string
  error_code: string
  due_at: string
  created_at: string
  conversation_id: number | null
  channel: string
  contact: { id: number; name: string } | null
  excerpt: string
}

export interface JobAttempt {
  started_at: string
  seconds: number
  outcome: string
  code: string
  reason: string
}

export interface JobDetail extends Job {
  lane: string
  text: string
  key: string
  may_double: boolean
  behind: number
  history: JobAttempt[]
  ways: { channel: string; label: string }[]
}

export interface JobGroup {
  kind: string
  channel: string
  error_code: string
  error: string
  count: number
  oldest_at: string
  newest_at: string
}

export interface JobFilter {
  kind?: string
  channel?: string
  code?: string
}

export type Decision = { action: 'retry' } | { action: 'discard'; reason: string } | { action: 'reroute'; channel: string }

export interface DecisionResult {
  id: string
  ok: boolean
  problem: { code: string; reason: string } | null
}

/** What needs somebody, or will soon: it failed, may have, or is tried again by itself. */
const TROUBLES = 'failed,uncertain,retrying'

export const jobs = {
  list: (filter: JobFilter, cursor?: string | number | null, limit = 50) =>
    request<Page<Job>>('GET', `/jobs${query({ state: TROUBLES, ...filter, cursor, limit })}`),
  groups: () => request<Page<JobGroup>>('GET', `/jobs/groups${query({ state: TROUBLES })}`),
  one: (id: string) => request<JobDetail>('GET', `/jobs/${encodeURIComponent(id)}`),
  decide: (ids: readonly string[], decision: Decision) =>
    request<{ items: DecisionResult[] }>('POST', '/jobs/decide', { body: { ids, ...decision } }),
}
