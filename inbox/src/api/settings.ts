/** Myself, the teams, and what lives in files. */
import { query, request } from './http'
import type { Codes, Enrolment } from './login'
import type { Disposition, Label } from './organising'
import type { Me, Page, Role } from './types'

export interface Token {
  id: number
  kind: 'session' | 'api'
  name: string
  created_at: string
  used_at: string | null
  expires_at: string | null
  here: boolean
}

/** How I prove who I am. */
export interface MyLogin {
  password: boolean
}

export interface Member {
  email: string
  id: number | null
  name: string
  role: Role | null
  seen_at: string | null
  disabled: boolean
}

export interface Team {
  name: string
  open: boolean
  file: string
  line: number | null
  members: Member[]
}

/** Where ops wrote it. */
interface Placed {
  file: string
  line: number | null
}

export type PlacedDisposition = Disposition & Placed

export interface PlacedLabel extends Label, Placed {
  /** That carry it, and are not resolved. */
  conversations: number
}

export interface ConfigSection {
  file: string
  section: string
  line: number
  entries: { key: string; value: string; line: number }[]
}

export interface Factor {
  on: boolean
  required: boolean
  recovery_codes: number
}

export interface Account {
  id: number
  name: string
  email: string
  role: Role
  teams: string[]
  created_at: string
  seen_at: string | null
  disabled_at: string | null
  password: boolean
  totp: boolean
  invited: boolean
  conversations: number
}

export interface AuditEntry {
  id: number
  at: string
  agent: string | null
  agent_id: number | null
  action: string
  subject: string
  name: string
  detail: Record<string, unknown>
}

export interface AuditFilter {
  agent: string
  action: string
  subject: string
}

export const settings = {
  rename: (name: string) => request<Me>('PATCH', '/me', { body: { name } }),
  changePassword: (current: string, password: string) => request<void>('PUT', '/me/password', { body: { current, password } }),
  login: () => request<MyLogin>('GET', '/me/login'),
  tokens: () => request<Page<Token>>('GET', '/me/tokens'),
  makeToken: (name: string) => request<{ token: string }>('POST', '/me/tokens', { body: { name } }),
  revokeToken: (id: number) => request<void>('DELETE', `/me/tokens/${id}`),
  leaveElsewhere: () => request<void>('DELETE', '/me/sessions'),
  factor: () => request<Factor>('GET', '/me/totp'),
  beginTotp: (password: string) => request<Enrolment>('POST', '/me/totp', { body: { password } }),
  finishTotp: (pending: string, code: string) => request<Codes>('PUT', '/me/totp', { body: { pending, code } }),
  turnOffTotp: (password: string) => request<void>('POST', '/me/totp/off', { body: { password } }),
  renewCodes: (password: string) => request<Codes>('POST', '/me/totp/recovery-codes', { body: { password } }),

  accounts: () => request<{ items: Account[] }>('GET', '/accounts'),
  invite: (account: { email: string; name: string; role: Role }) => request<{ link: string }>('POST', '/accounts', { body: account }),
  changeAccount: (id: number, changes: { name: string; role: Role }) => request<void>('PATCH', `/accounts/${id}`, { body: changes }),
  newLink: (id: number) => request<{ link: string }>('POST', `/accounts/${id}/link`, { body: {} }),
  disable: (id: number, giveBack: boolean) =>
    request<{ gave_back: number }>('POST', `/accounts/${id}/disable`, { body: { give_back: giveBack } }),
  enable: (id: number) => request<void>('POST', `/accounts/${id}/enable`, { body: {} }),
  resetTotp: (id: number) => request<void>('DELETE', `/accounts/${id}/totp`),

  audit: (filter: AuditFilter, cursor?: string | number | null) =>
    request<Page<AuditEntry>>('GET', `/audit${query({ ...filter, cursor, limit: 50 })}`),
  teams: () => request<{ items: Team[] }>('GET', '/teams'),
  labels: () => request<{ items: PlacedLabel[] }>('GET', '/labels'),
  dispositions: () => request<{ items: PlacedDisposition[] }>('GET', '/dispositions'),
  config: () => request<{ items: ConfigSection[] }>('GET', '/config'),
}
